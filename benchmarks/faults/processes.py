"""Faults of processes: killed, asked to end, interrupted, out of memory, beside another run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.faults.fault import Fault
from benchmarks.faults.machine import memory_group
from benchmarks.faults.program import LIMIT, Ended
from benchmarks.faults.scene import FIRST, SECOND, Scene

STEP = "session_wf.gather"
SLURM = 30.0
"""Seconds between SIGTERM and SIGKILL by Slurm's default ``KillWait``."""
WITH_TORCH = ("--analysis", "coma")
SPARE = 24_000_000
"""Bytes that the group may use beyond what it uses at the step: torch needs ten times that."""
RESUME = r"Run the same command again to go on"


@contextmanager
def kill_parent(scene: Scene) -> Iterator[Ended]:
    """Kill the process that the user started, in the midst of a step of its worker."""
    run = scene.start()
    with run.held(FIRST, STEP):
        run.signal(signal.SIGKILL, all_of_them=False)
    yield run.end(LIMIT)


@contextmanager
def kill_worker(scene: Scene) -> Iterator[Ended]:
    """Kill the process of a subject in the midst of a step."""
    run = scene.start()
    with run.held(FIRST, STEP):
        os.kill(run.wait_for_worker().pid, signal.SIGKILL)
    yield run.end(LIMIT)


@contextmanager
def kill_tree(scene: Scene) -> Iterator[Ended]:
    """Kill all processes at once, as the end of a container or of a job does."""
    run = scene.start()
    with run.held(FIRST, STEP):
        run.signal(signal.SIGKILL)
    yield run.end(LIMIT)


@contextmanager
def sigterm(scene: Scene) -> Iterator[Ended]:
    """Send SIGTERM to all processes of the job, as Slurm does at the end of its time."""
    run = scene.start()
    with run.held(FIRST, STEP):
        begin = time.monotonic()
        run.signal(signal.SIGTERM)
    ended = run.end(SLURM)
    yield Ended(ended.code, ended.text, time.monotonic() - begin, ended.left_over, ended.hung)


@contextmanager
def interrupt(scene: Scene) -> Iterator[Ended]:
    """Press Ctrl-C while the process of a subject starts: the terminal sends it to all of them."""
    run = scene.start()
    run.wait_for_worker()
    run.signal(signal.SIGINT)
    yield run.end(SLURM)


@contextmanager
def interrupt_twice(scene: Scene) -> Iterator[Ended]:
    """Press Ctrl-C twice, as people do, within a step."""
    run = scene.start()
    with run.held(FIRST, STEP):
        run.signal(signal.SIGINT)
    time.sleep(0.05)
    run.signal(signal.SIGINT)
    yield run.end(SLURM)


@contextmanager
def memory_limit(scene: Scene) -> Iterator[Ended]:
    """Let a control group take away the memory that the next step needs."""
    with memory_group() as group:
        run = scene.start(WITH_TORCH, before=group.command)
        with run.held(FIRST, STEP):
            group.limit(SPARE)
        ended = run.end(LIMIT)
    yield ended


@contextmanager
def two_runs(scene: Scene) -> Iterator[Ended]:
    """Start the same command twice at the same time."""
    both = scene.start(), scene.start()
    first, second = (run.end(LIMIT) for run in both)
    yield Ended(
        max(first.code, second.code, key=lambda code: (code not in {0, 75}, code)),
        first.text + second.text,
        max(first.seconds, second.seconds),
        first.left_over + second.left_over,
        first.hung or second.hung,
    )


PROCESSES = (
    Fault(
        name="kill-parent",
        injected="SIGKILL to the process that the user started, while a subject is at a step",
        promised="its workers end by themselves; nothing is left half written",
        disturb=kill_parent,
        codes=(-signal.SIGKILL,),
        records=False,
    ),
    Fault(
        name="kill-worker",
        injected="SIGKILL to the process of a subject",
        promised="exit 1; subject and step are named; the others finish",
        disturb=kill_worker,
        codes=(1,),
        says=rf"sub-{FIRST}: its process was killed \(SIGKILL\) during step {STEP}",
        done=(SECOND,),
    ),
    Fault(
        name="kill-tree",
        injected="SIGKILL to all processes at once, as when a container or a job is removed",
        promised="nothing is left half written",
        disturb=kill_tree,
        codes=(-signal.SIGKILL,),
        records=False,
    ),
    Fault(
        name="sigterm",
        injected="SIGTERM to all processes, as by Slurm, which kills after 30 s",
        promised="exit 143 within 30 s; what was not finished is recorded as such",
        disturb=sigterm,
        codes=(143,),
        says=rf"SIGTERM.*{RESUME}",
        limit=SLURM,
    ),
    Fault(
        name="sigint",
        injected="Ctrl-C while the process of a subject starts",
        promised="exit 130 and one sentence",
        disturb=interrupt,
        codes=(130,),
        says=rf"Interrupted.*{RESUME}",
    ),
    Fault(
        name="sigint-twice",
        injected="Ctrl-C twice, 50 ms apart",
        promised="as once: exit 130 and one sentence",
        disturb=interrupt_twice,
        codes=(130,),
        says=rf"Interrupted.*{RESUME}",
    ),
    Fault(
        name="memory-limit",
        injected="a control group with 24 MB to spare where the next step needs 270 MB",
        promised="exit 1; subject, step and remedy are named; the run itself lives",
        disturb=memory_limit,
        codes=(1,),
        says=rf"sub-{FIRST}: its process was killed \(SIGKILL\).*--mem-gb",
        options=WITH_TORCH,
        needs="cgroup",
    ),
    Fault(
        name="two-runs",
        injected="the same command twice at the same time",
        promised="each subject is done by one of them; the other says so and ends with 0 or 75",
        disturb=two_runs,
        codes=(0, 75),
        done=(FIRST, SECOND),
    ),
)
