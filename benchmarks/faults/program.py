"""A real run of the program: started as a user does, stopped at a step to disturb it, watched to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast
from uuid import uuid4

import psutil

from bidsapp.errors import BidsAppError
from bidsapp.layout import status_file
from bidsapp.status import RunStatus

REPOSITORY = Path(__file__).parents[2]
MARK = "BIDSAPP_FAULT"
HEARING = ("env", "--default-signal=INT")
"""A shell lets commands in the background not hear Ctrl-C; this one must."""
LIMIT = 600.0
"""Seconds after which a run is ended by the watchdog."""
GRACE = 15.0
"""Seconds that processes have to go after the one that started them."""


class MissedError(Exception):
    """The run had passed the moment at which it was to be disturbed."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code (negative: the signal), words, wall seconds, processes that outlived it."""

    code: int
    text: str
    seconds: float
    left_over: tuple[str, ...] = ()
    hung: bool = False


class Program:
    """One run in a process group of its own, as a shell starts it.

    Parameters
    ----------
    words
        Command line behind the program's name.
    place
        Current folder.
    out
        Output folder, to look into the status of its subjects.
    environment
        Variables over those of this process; ``None`` takes one away.
    before
        Command in front of the program's, as ``("nice",)``.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        place: Path,
        out: Path,
        environment: Mapping[str, str | None],
        before: Sequence[str] = (),
    ) -> None:
        self._mark = uuid4().hex
        self._out = out
        inherited = {**os.environ, "PYTHONPATH": str(REPOSITORY), MARK: self._mark, **environment}
        self._said = bytearray()
        self._begin = time.monotonic()
        self.process = subprocess.Popen(
            [*HEARING, *before, sys.executable, "-m", "bidsapp.cli.main", *words],
            cwd=place,
            env={name: value for name, value in inherited.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self._said.decode("utf-8", errors="replace")

    def signal(self, number: int, *, all_of_them: bool = True) -> None:
        """Send a signal to the whole process group, or to the process that was started alone."""
        with suppress(ProcessLookupError):
            (os.killpg if all_of_them else os.kill)(self.process.pid, number)

    def workers(self) -> list[psutil.Process]:
        """Give the processes of subjects that run now."""
        with suppress(psutil.Error):
            children = psutil.Process(self.process.pid).children()
            return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        return []

    def wait_for_worker(self) -> psutil.Process:
        """Wait until there is a process of a subject; it may not have read its task yet."""
        while not (found := self.workers()):
            self._check_running("a worker")
        return found[0]

    @contextmanager
    def held(self, subject: str, step: str) -> Iterator[None]:
        """Stop all processes when a subject is at a step, let the body do what it wants, let them go on."""
        while not self._is_at(subject, step):
            self._check_running(step)
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def end(self, limit: float) -> Ended:
        """Wait for the end, at most ``limit`` seconds, and count what it leaves behind."""
        try:
            code = self.process.wait(limit)
            hung = False
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            code, hung = self.process.wait(), True
        seconds = time.monotonic() - self._begin
        left_over = tuple(self._left_over())
        self._listener.join(GRACE)
        return Ended(code, self.said, seconds, left_over, hung)

    def _listen(self) -> None:
        """Take what it says; a pipe, so that no limit on files concerns it."""
        with cast(IO[bytes], self.process.stdout) as stream:
            for line in stream:
                self._said += line

    def _left_over(self) -> list[str]:
        end = time.monotonic() + GRACE
        while (found := self._marked()) and time.monotonic() < end:
            time.sleep(0.1)
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        return [str(process) for process in found]

    def _marked(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(MARK) == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def _is_at(self, subject: str, step: str) -> bool:
        try:
            status = RunStatus.read(status_file(self._out, subject, None))
        except BidsAppError:
            return False
        return any(item.name == step and item.state == "running" for item in status.steps)

    def _check_running(self, what: str) -> None:
        if time.monotonic() - self._begin > LIMIT:
            self.signal(signal.SIGKILL)
        if self.process.poll() is not None:
            raise MissedError(f"the run ended before {what} was seen: {self.said}")
        time.sleep(0.005)
