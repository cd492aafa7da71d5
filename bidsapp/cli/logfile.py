"""The log file of one run: plain lines with time stamps, one file per process so that runs do not mix."""

from __future__ import annotations

import os
import time
import traceback
from contextlib import AbstractContextManager
from pathlib import Path

from bidsapp.files import write_error


class LogFile(AbstractContextManager["LogFile"]):
    """Appends lines to ``logs/bidsapp-<time>-<pid>.log`` in the output folder; each is on disk at once.

    Raises
    ------
    CannotWriteError, InputOutputError
        The output folder cannot be written, or the disk is full.
    """

    def __init__(self, output_dir: Path) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%S")
        self.path = output_dir / "logs" / f"bidsapp-{stamp}-{os.getpid()}.log"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self.path.open("ab", buffering=0)
        except OSError as error:
            raise write_error(self.path, error) from error

    def write(self, text: str) -> None:
        """Write each line of ``text`` behind date and time (local, with its offset from UTC)."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        lines = "".join(f"{stamp} {line}\n" for line in text.splitlines() or [""])
        try:
            self._stream.write(lines.encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise write_error(self.path, error) from error

    def write_traceback(self, error: BaseException) -> None:
        """Write the traceback of an error that nobody expected."""
        self.write("".join(traceback.format_exception(error)))

    def __exit__(self, *_: object) -> None:
        self._stream.close()
