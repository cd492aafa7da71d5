"""Progress for people: a live view on a terminal, plain lines elsewhere; both write the log file as well."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TextIO

from bidsapp.cli.logfile import LogFile
from bidsapp.status import State

if TYPE_CHECKING:
    from rich.live import Live
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

    def __exit__(self, *_: object) -> None:
        """Leave the stream open: it is the caller's."""


class LiveProgress(PlainProgress):
    """A bar over all subjects, a line for each that is running, and above them how others ended."""

    def __init__(self, log: LogFile, stream: TextIO | None = None, verbose: int = 0) -> None:
        super().__init__(log, stream, verbose)
        self._bars, self._running, self._view = _live(self._stream)
        self._lines: dict[str, TaskID] = {}

    def start(self, total: int) -> None:
        """Begin a level with ``total`` subjects."""
        super().start(total)
        for view in (self._bars, self._running):
            for task in view.task_ids:
                view.remove_task(task)
        self._lines.clear()
        if total:
            self._bars.add_task("subjects", total=total)

    def step(self, subject: str, session: str | None, name: str) -> None:
        """Show the step on the subject's line."""
        super().step(subject, session, name)
        text = f"{_name(subject, session)}: {name}"
        if subject not in self._lines:
            self._lines[subject] = self._running.add_task(text)
        self._running.update(self._lines[subject], description=text)

    def done(self, subject: str, state: State, sentence: str) -> None:
        """Say how a subject ended, and take its line away."""
        super().done(subject, state, sentence)
        if subject in self._lines:
            self._running.remove_task(self._lines.pop(subject))
        for bar in self._bars.task_ids:
            self._bars.advance(bar)

    def _say(self, line: str) -> None:
        self._view.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> LiveProgress:
        self._view.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the terminal back."""
        self._view.stop()


def make_progress(log: LogFile, verbose: int, stream: TextIO | None = None) -> PlainProgress:
    """Choose the live view where ``stream`` (default: standard error) is a terminal, else plain lines."""
    stream = stream if stream is not None else sys.stderr
    return (LiveProgress if stream.isatty() else PlainProgress)(log, stream, verbose)


def _live(stream: TextIO) -> tuple[RichProgress, RichProgress, Live]:
    """Give the bar over all subjects, the lines of running ones, and the view that shows both."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    text = TextColumn("{task.description}", markup=False)
    bars = Progress(text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    running = Progress(SpinnerColumn(), text, TimeElapsedColumn())
    view = Live(Group(running, bars), console=Console(file=stream), refresh_per_second=4, transient=True)
    return bars, running, view


def _name(subject: str, session: str | None) -> str:
    return f"sub-{subject}" + (f"_ses-{session}" if session else "")


def _nowhere() -> TextIO:
    return open("/dev/null", "w", encoding="utf-8")
