"""One operating-system process for each subject: a killed one is noticed at once and named, never waited for.

A graph-wide process pool waits for ever, or dies as a whole, when the kernel kills one worker. Subjects
are independent, so each gets a process of its own: memory is returned, logs are apart, and what a
worker cannot say any more, its parent says.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Generic, TypeVar

from bidsapp.processes import end_with_parent
from bidsapp.workflows.signals import held_signals, without_interrupt

Task = TypeVar("Task")

PATIENCE = 5.0
"""Seconds that a process has to end when it is asked to."""


@dataclass(frozen=True)
class Event:
    """What a worker says: a line of progress, or, as ``final``, how it ended."""

    text: str
    final: bool = False
    code: int = 0


@dataclass(frozen=True)
class Report(Generic[Task]):
    """An event with the task that it belongs to; ``signal`` is set when the worker was killed."""

    task: Task
    event: Event
    signal: int | None = None


Work = Callable[[Task, Callable[[Event], None]], Event]
Environment = Callable[[int], Mapping[str, str]]


@dataclass(frozen=True)
class _Worker(Generic[Task]):
    """A process, its task, and the slot that it holds until it ends."""

    task: Task
    process: SpawnProcess
    slot: int


def supervise(
    tasks: Sequence[Task], work: Work[Task], *, slots: int, environment: Environment = lambda slot: {}
) -> Generator[Report[Task], None, None]:
    """Run ``work(task, send)`` for each task in its own process, ``slots`` at a time.

    Yields every event in the order in which it arrives. Each task ends with exactly one final event:
    what ``work`` returned, or one with the signal that killed its process. Closing the iterator ends
    all processes. ``environment`` gives the variables that are set in a process by its slot, from 0 on.
    """
    context = multiprocessing.get_context("spawn")
    waiting = list(reversed(tasks))
    free = list(reversed(range(slots)))
    running: dict[Connection, _Worker[Task]] = {}
    try:
        while waiting or running:
            while waiting and free:
                task, slot = waiting.pop(), free.pop()
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=_serve, args=(work, task, sender, dict(environment(slot))))
                with held_signals(), without_interrupt():
                    process.start()
                    running[receiver] = _Worker(task, process, slot)
                sender.close()
            for ready in wait(list(running)):
                receiver = next(key for key in running if key is ready)
                worker = running[receiver]
                report = _receive(receiver, worker.task, worker.process)
                if report.event.final:
                    del running[receiver]
                    receiver.close()
                    worker.process.join()
                    free.append(worker.slot)
                yield report
    finally:
        with held_signals():
            _end([worker.process for worker in running.values()])


def _end(processes: Sequence[SpawnProcess]) -> None:
    """End processes; one that does not hear SIGTERM in time is killed."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(PATIENCE)
        process.kill()
        process.join()


def _receive(receiver: Connection, task: Task, process: SpawnProcess) -> Report[Task]:
    try:
        event: Event = receiver.recv()
        return Report(task, event)
    except (EOFError, OSError):
        process.join()
        killed = -(process.exitcode or 0)
        name = signal.Signals(killed).name if killed > 0 else f"exit status {process.exitcode}"
        return Report(task, Event(name, final=True, code=1), signal=max(killed, 0))


def _serve(work: Work[Task], task: Task, sender: Connection, environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    end_with_parent()
    _go_first()
    final = work(task, sender.send)
    sender.send(final)
    sender.close()


def _go_first() -> None:
    """Where memory runs out, let the kernel kill this process and not its parent, which can tell the user."""
    with suppress(OSError):  # not Linux, or forbidden: the kernel chooses
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
