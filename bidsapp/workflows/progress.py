"""What a run says of itself while it runs; the command line decides whether as a live view or as lines."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from bidsapp.status import State


class Progress(Protocol):
    """Receives the events of a run, in the parent process."""

    def start(self, total: int) -> None:
        """Begin a level that handles ``total`` subjects."""
        ...

    def step(self, subject: str, session: str | None, name: str) -> None:
        """Say that a step of a subject (labels without prefix) has begun."""
        ...

    def done(self, subject: str, state: State, sentence: str) -> None:
        """Say how a subject ended, in one sentence: what was done, or what is wrong and the remedy."""
        ...

    def log(self, line: str) -> None:
        """Say anything else that the user should read."""
        ...


class Silent:
    """A progress that nobody watches, for tests and for use as a library."""

    def start(self, total: int) -> None:
        """Ignore the event."""

    def step(self, subject: str, session: str | None, name: str) -> None:
        """Ignore the event."""

    def done(self, subject: str, state: State, sentence: str) -> None:
        """Ignore the event."""

    def log(self, line: str) -> None:
        """Ignore the event."""


class _Lines(logging.Handler):
    """Hands each record of the house to the progress, as one line."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.INFO)
        self.progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        """Say the record's message."""
        self.progress.log(record.getMessage())


@contextmanager
def follow_logs(progress: Progress) -> Iterator[None]:
    """Show what the house's own code logs, as the steps of a training."""
    house = logging.getLogger("bidsapp")
    level = house.level
    handler = _Lines(progress)
    house.addHandler(handler)
    house.setLevel(logging.INFO)
    try:
        yield
    finally:
        house.removeHandler(handler)
        house.setLevel(level)
