"""Files that appear whole or not at all, and content digests, so that a kill at any moment loses nothing."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from bidsapp.errors import BidsAppError, CannotWriteError, InputOutputError

_DENIED = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
}


def write_error(path: Path, error: OSError) -> BidsAppError:
    """Turn a failed write into the sentence and exit code that a user can act on."""
    reason = error.strerror or str(error)
    if error.errno in _DENIED:
        return CannotWriteError(f"{path} cannot be written ({reason}); choose a writable folder.")
    return InputOutputError(f"{path} could not be written ({reason}); free space or quota, then run again.")


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> Path:
    """Call ``write`` on a temporary file beside ``path``, then rename it over ``path``.

    Raises
    ------
    CannotWriteError
        The folder does not admit writing.
    InputOutputError
        Writing failed midway (disk full); ``path`` is as it was before.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:80]}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        _discard(temporary)
        raise write_error(path, error) from error
    except BaseException:
        _discard(temporary)
        raise
    return path


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text atomically, with newlines as they are."""
    return write_atomically(path, lambda stream: stream.write(text.encode("utf-8")))


def write_json(path: Path, content: object) -> Path:
    """Write sorted, indented JSON atomically; ``nan`` and infinities are refused."""
    return write_text(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")


def digest_file(path: Path) -> str:
    """Give the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_json(content: object) -> str:
    """Give the SHA-256 of a JSON value, independent of the order of its keys."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _discard(temporary: str | None) -> None:
    if temporary is not None and os.path.exists(temporary):
        os.unlink(temporary)
