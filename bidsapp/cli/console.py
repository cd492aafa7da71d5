"""Progress for people: a live view on a terminal, plain lines elsewhere; both write the log file as well."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TextIO

from bidsapp.cli.logfile import LogFile
from bidsapp.status import State

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class PlainProgress(AbstractContextManager["PlainProgress"]):
    """Lines on a stream and in the log file.

    Parameters
    ----------
    log
        Log file; it gets every line.
    stream
        Where people read; it gets the steps of each subject only when ``verbose``.
    verbose
        How often ``-v`` was given.
    """

    def __init__(self, log: LogFile, stream: TextIO | None = None, verbose: int = 0) -> None:
        self._log = log
        self._stream = stream if stream is not None else sys.stderr
        self._verbose = verbose
        self._total = 0
        self._ended = 0

    def start(self, total: int) -> None:
        """Begin a level with ``total`` subjects."""
        self._total, self._ended = total, 0
        if total:
            self.log(f"{total} subject{'' if total == 1 else 's'} to do")

    def step(self, subject: str, session: str | None, name: str) -> None:
        """Note that a step of a subject has begun."""
        line = f"{_name(subject, session)}: {name}"
        self._log.write(line)
        if self._verbose:
            self._say(line)

    def done(self, subject: str, state: State, sentence: str) -> None:
        """Say how a subject ended."""
        self._ended += 1
        self.log(f"[{self._ended}/{self._total}] sub-{subject} {state}: {sentence}")

    def log(self, line: str) -> None:
        """Say a line."""
        self._log.write(line)
        self._say(line)

    def _say(self, line: str) -> None:
        try:
            print(line, file=self._stream, flush=True)
        except BrokenPipeError:
            self._log.write("Nobody reads the terminal's lines any more; they go on in this file.")
            self._stream = _nowhere()
        except UnicodeEncodeError:
            print(line.encode("ascii", "backslashreplace").decode("ascii"), file=self._stream, flush=True)

    def __exit__(self, *_: object) -> None:
        """Leave the stream open: it is the caller's."""


class LiveProgress(PlainProgress):
    """A bar over all subjects, one line for each that is running, and finished ones above them."""

    def __init__(self, log: LogFile, stream: TextIO | None = None, verbose: int = 0) -> None:
        super().__init__(log, stream, verbose)
        self._view = _view(self._stream)
        self._bar: TaskID | None = None
        self._lines: dict[str, TaskID] = {}

    def start(self, total: int) -> None:
        """Begin a level with ``total`` subjects."""
        super().start(total)
        for line in self._lines.values():
            self._view.remove_task(line)
        self._lines.clear()
        if self._bar is not None:
            self._view.remove_task(self._bar)
        self._bar = self._view.add_task("subjects", total=total)

    def step(self, subject: str, session: str | None, name: str) -> None:
        """Show the step on the subject's line."""
        self._log.write(f"{_name(subject, session)}: {name}")
        text = f"{_name(subject, session)}: {name}"
        if subject not in self._lines:
            self._lines[subject] = self._view.add_task(text, total=None)
        self._view.update(self._lines[subject], description=text)

    def done(self, subject: str, state: State, sentence: str) -> None:
        """Say how a subject ended, and take its line away."""
        super().done(subject, state, sentence)
        if subject in self._lines:
            self._view.remove_task(self._lines.pop(subject))
        if self._bar is not None:
            self._view.advance(self._bar)

    def _say(self, line: str) -> None:
        self._view.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> LiveProgress:
        self._view.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give the terminal back."""
        self._view.stop()


def make_progress(log: LogFile, verbose: int, stream: TextIO | None = None) -> PlainProgress:
    """Choose the live view where ``stream`` (default: standard error) is a terminal, else plain lines."""
    stream = stream if stream is not None else sys.stderr
    return (LiveProgress if stream.isatty() else PlainProgress)(log, stream, verbose)


def _view(stream: TextIO) -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(file=stream),
        transient=True,
    )


def _name(subject: str, session: str | None) -> str:
    return f"sub-{subject}" + (f"_ses-{session}" if session else "")


def _nowhere() -> TextIO:
    return open("/dev/null", "w", encoding="utf-8")
