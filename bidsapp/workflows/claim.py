"""Claims a subject's work folder for one run, so that two runs do not mix their intermediates."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bidsapp.errors import CannotWriteError, TryAgainError
from bidsapp.files import write_error


@contextmanager
def claim(folder: Path, subject: str) -> Iterator[Path]:
    """Hold ``folder`` while the body runs; the kernel lets go of it when the process ends, however it ends.

    A folder that is empty at the end is removed.

    Raises
    ------
    TryAgainError
        Another run works on this subject.
    CannotWriteError, InputOutputError
        The work folder cannot be made, or its file system cannot lock.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder.parent / f".{folder.name}.lock").open("a")
    except OSError as error:
        raise write_error(folder, error) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TryAgainError(
                f"sub-{subject}: another run works on this subject in {folder}; "
                "wait for it and run the same command again."
            ) from error
        except OSError as error:  # some network file systems are mounted without locks
            raise CannotWriteError(
                f"{folder} cannot be locked ({error.strerror}); choose a work folder on another disk (-w)."
            ) from error
        folder.mkdir(parents=True, exist_ok=True)  # the run before may have removed it just now
        try:
            yield folder
        finally:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
