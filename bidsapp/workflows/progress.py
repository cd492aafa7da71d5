"""What a run says of itself while it runs; the command line decides whether as a live view or as lines."""

from __future__ import annotations

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
