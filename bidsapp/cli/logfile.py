"""The log file of one run: plain lines with time stamps, one file per process so that runs do not mix."""

from __future__ import annotations

import os
import time
import traceback
from contextlib import AbstractContextManager, suppress
from io import FileIO
from itertools import count
from pathlib import Path

from bidsapp.files import write_error


class LogFile(AbstractContextManager["LogFile"]):
    """Writes lines to ``logs/bidsapp-<time>-<pid>.log`` in the output folder; each is on disk at once.

    In containers many runs have the same process number: one that finds its name taken adds a number.

    Raises
    ------
    CannotWriteError, InputOutputError
        The output folder cannot be written, or the disk is full.
    """

    def __init__(self, output_dir: Path) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%S")
        folder = output_dir / "logs"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._stream = _open_new(folder, f"bidsapp-{stamp}-{os.getpid()}")
        except OSError as error:
            raise write_error(folder, error) from error
        self.path = Path(self._stream.name)

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


def _open_new(folder: Path, stem: str) -> FileIO:
    for number in count():
        path = folder / (f"{stem}-{number}.log" if number else f"{stem}.log")
        if not path.exists():
            with suppress(FileExistsError):  # made by another run since
                return path.open("xb", buffering=0)
    raise AssertionError("count() never ends")
