"""Claims a subject's work folder for one run, so that two runs do not mix their intermediates."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bidsapp.errors import TryAgainError
from bidsapp.files import write_error
from bidsapp.workflows.locks import open_locked


@contextmanager
def claim(folder: Path, subject: str) -> Iterator[Path]:
    """Hold ``folder`` while the body runs; the kernel lets go of it when the process ends, however it ends.

    A folder that is empty at the end is removed.

    Raises
    ------
    TryAgainError
        Another run works on this subject.
    CannotWriteError, InputOutputError
        The work folder cannot be made, or its file system knows no locks.
    """
    try:
        stream = open_locked(folder.parent / f".{folder.name}.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise TryAgainError(
            f"sub-{subject}: another run works on this subject in {folder}; "
            "wait for it and run the same command again; if that run is of another dataset, give this one a "
            "--work-dir of its own."
        ) from error
    with stream:
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise write_error(folder, error) from error
        try:
            yield folder
        finally:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
