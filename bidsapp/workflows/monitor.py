"""Measures each step as it runs: wall time, processor time, peak memory."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bidsapp.interfaces.gpu import device_name
from bidsapp.status import State, Step

_Result = tuple[int, int] | None


class RunningNode(Protocol):
    """What the monitor needs to know of a Nipype node."""

    name: str
    fullname: str
    interface: object

    def output_dir(self) -> str:
        """Folder of the node."""
        ...


class StepMonitor:
    """A Nipype ``status_callback`` that turns every node of ours into a :class:`~bidsapp.status.Step`.

    Nipype's own nodes, which only pass files on, are not steps.

    Parameters
    ----------
    on_step
        Called with the step as it begins (state ``running``) and as it ends.
    """

    def __init__(self, on_step: Callable[[Step], None]) -> None:
        self._on_step = on_step
        self._started: dict[str, tuple[_Result, float, float]] = {}

    def __call__(self, node: RunningNode, event: str) -> None:
        """Note that ``node`` starts, ends or failed; nodes that never started are passed over."""
        if type(node.interface).__module__.startswith("nipype."):
            return
        name = step_name(node.fullname)
        inputs = getattr(node.interface, "inputs", None)
        on_gpu = getattr(inputs, "use_gpu", False) is True
        device = device_name(str(inputs.device)) if inputs is not None and on_gpu else "cpu"
        if event == "start":
            reset_peak_memory()
            self._started[name] = (_result_of(node), time.monotonic(), time.process_time())
            self._on_step(Step(name=name, state="running", device=device))
        elif name in self._started:
            before, wall, cpu = self._started.pop(name)
            state: State = "done" if event == "end" else "failed"
            self._on_step(
                Step(
                    name=name,
                    state=state,
                    seconds=round(time.monotonic() - wall, 3),
                    cpu_seconds=round(time.process_time() - cpu, 3),
                    peak_memory_mb=round(peak_memory_mb(), 1),
                    device=device,
                    reused=before is not None and _result_of(node) == before,
                )
            )


def _result_of(node: RunningNode) -> _Result:
    """Identify the result that lies in the folder of a node; ``None`` where there is none.

    Inode and time are both of the file's server, whose clock need not be this machine's.
    """
    try:
        found = (Path(node.output_dir()) / f"result_{node.name}.pklz").stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def step_name(fullname: str) -> str:
    """Drop the subject's workflow from a full name: ``sub_01_wf.ses_1_wf.align`` -> ``ses_1_wf.align``."""
    return fullname.partition(".")[2]


def reset_peak_memory() -> None:
    """Let the kernel count this process's peak memory anew (Linux, ``proc(5)``, ``clear_refs``)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return  # a kernel without it reports the peak of the whole process: an upper bound


def peak_memory_mb() -> float:
    """Give the peak resident memory of this process in MB, since the last reset."""
    status = Path(f"/proc/{os.getpid()}/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found.group(1)) / 1000 if found else 0.0
