"""What a fault is: how it is done, what is promised, and what must be seen for the promise to be kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from benchmarks.faults.program import LIMIT, Ended
from benchmarks.faults.scene import Scene

Disturb = Callable[[Scene], AbstractContextManager[Ended]]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of fault.

    Attributes
    ----------
    name
        For ``--only``, and the row of the page.
    injected, promised
        What is done to the run, and how it has to end; sentences of the page.
    disturb
        Runs the program with the fault; on leaving, the cause is gone.
    codes
        Exit codes that keep the promise; negative: killed by that signal.
    says
        Pattern that the program's words must fit.
    done
        Subjects that are done although the run was disturbed.
    records
        Whether the end can be written into the status of every subject: not if killed, or with a full disk.
    options
        Of the program, also for the runs that it is compared with; ``{}`` stands for the folder of the scene.
    limit
        Seconds within which the disturbed run must end by itself.
    needs
        What the machine must allow: ``mounts``, ``cgroup``, or nothing.
    """

    name: str
    injected: str
    promised: str
    disturb: Disturb
    codes: tuple[int, ...]
    says: str = ""
    done: tuple[str, ...] = ()
    records: bool = True
    options: tuple[str, ...] = ()
    limit: float = LIMIT
    needs: str = ""
