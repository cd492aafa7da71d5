"""Locks that the kernel lets go of when a process ends, however it ends; of network folders, the server's.

Linux sends ``flock`` to the server of an NFS folder (3 and 4), so that runs on other nodes respect it. A file
system that knows no locks, as Lustre without ``-o flock``, is an error and never a run without a lock.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import TextIO

from bidsapp.errors import CannotWriteError
from bidsapp.files import write_error

ATTEMPTS = 100  # other runs come and go; a folder that cannot be made at all must not be tried for ever
_UNKNOWN = {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK}


def open_locked(path: Path, kind: int) -> TextIO:
    """Open and lock a file, made with its folder if it is not there; closing it ends the lock.

    A lock is worth something only on the file that has the name now: one that its last holder removed
    while this call waited is made anew.

    Parameters
    ----------
    path
        The lock file.
    kind
        As for :func:`fcntl.flock`: ``LOCK_SH`` or ``LOCK_EX``, with ``LOCK_NB`` not to wait.

    Raises
    ------
    BlockingIOError
        Another process holds it (with ``LOCK_NB``).
    CannotWriteError, InputOutputError
        The folder cannot be written, or its file system knows no locks.
    """
    for _ in range(ATTEMPTS):
        stream = _open(path)
        if stream is not None and _is_locked(stream, path, kind):
            return stream
    raise CannotWriteError(f"{path} can be neither made nor locked; choose another --work-dir.")


def becomes_alone(stream: TextIO) -> bool:
    """Turn a shared lock into an exclusive one if nobody else holds it; the shared one is gone either way."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_locked(stream: TextIO, path: Path, kind: int) -> bool:
    """Lock the file; close it unless it is locked and still the one of this name."""
    try:
        fcntl.flock(stream, kind)
        if _is_named(stream, path):
            return True
    except BlockingIOError:
        stream.close()
        raise
    except OSError as error:
        stream.close()
        raise _explain(path, error) from error
    stream.close()
    return False


def _is_named(stream: TextIO, path: Path) -> bool:
    try:
        return path.stat().st_ino == os.fstat(stream.fileno()).st_ino
    except FileNotFoundError:
        return False


def _open(path: Path) -> TextIO | None:
    """Open the file; ``None`` when another run removed its folder between the two steps."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise write_error(path.parent, error) from error


def _explain(path: Path, error: OSError) -> Exception:
    if error.errno in _UNKNOWN:
        return CannotWriteError(
            f"The file system of {path.parent} knows no locks ({error.strerror}); "
            "choose another --work-dir, such as a folder on the node's own disk."
        )
    return write_error(path, error)
