"""From an exception to the sentence and the exit code that the user gets; tracebacks go to a log file."""

from __future__ import annotations

import errno
import tempfile
import traceback
from pathlib import Path

from bidsapp.cli.logfile import LogFile
from bidsapp.errors import BidsAppError, ExitCode

INTERRUPTED = 130  # 128 + SIGINT, as shells count it
TERMINATED = 143  # 128 + SIGTERM
PIPE_CLOSED = 141  # 128 + SIGPIPE

_CANNOT_WRITE = {errno.EACCES, errno.EPERM, errno.EROFS}
_INPUT_OUTPUT = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EFBIG, errno.ENODEV}


class TerminatedError(BaseException):
    """The process was asked to end (SIGTERM), as a cluster does when the time is over."""


def explain(error: BaseException, log: LogFile | None) -> tuple[int, str]:
    """Give the exit code and one sentence for an error.

    Parameters
    ----------
    error
        What was raised.
    log
        Log file of the run, or ``None`` if it failed before there was one.
    """
    if isinstance(error, BidsAppError):
        return error.code, str(error)
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, f"Interrupted. {_RESUME}"
    if isinstance(error, TerminatedError):
        return TERMINATED, f"Asked to end by the system (SIGTERM). {_RESUME}"
    code, sentence = _unforeseen(error)
    return code, f"{sentence} Details: {record(error, log)}"


def _unforeseen(error: BaseException) -> tuple[ExitCode, str]:
    if isinstance(error, OSError) and error.errno in _CANNOT_WRITE:
        return ExitCode.CANNOT_WRITE, f"{_os_error(error)}; choose a folder that you may use."
    if isinstance(error, OSError) and error.errno in _INPUT_OUTPUT:
        return ExitCode.INPUT_OUTPUT, f"{_os_error(error)}; free space or mend the disk, then run again."
    if isinstance(error, MemoryError):
        return ExitCode.INTERNAL, "Out of memory; give more, or lower --nprocs."
    return ExitCode.INTERNAL, f"Internal error ({type(error).__name__}: {_first_line(error)})."


def record(error: BaseException, log: LogFile | None) -> str:
    """Write the traceback to the log file, or to a temporary file if there is none; say where it is."""
    if log is not None:
        try:
            log.write_traceback(error)
            return str(log.path)
        except BidsAppError:  # the disk of the log is full as well: try the temporary folder
            pass
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="bidsapp-crash-",
            suffix=".log",
            delete=False,
            encoding="utf-8",
            errors="backslashreplace",
        ) as stream:
            traceback.print_exception(error, file=stream)
            return stream.name
    except OSError as second:
        return f"no file could be written ({second.strerror}); the error came from {_origin(error)}"


_RESUME = "Run the same command again to go on; finished subjects are not redone."


def _os_error(error: OSError) -> str:
    name = f"{error.filename}: " if error.filename else ""
    return f"{name}{error.strerror or error}"


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "")


def _origin(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "an unknown place"
