"""Which device computes: what was asked for, or an error; ``auto`` says what it chose and why.

GPUs are called what ``CUDA_VISIBLE_DEVICES`` calls them: a number, or a name of a whole GPU (``GPU-...``) or
of a slice of one (``MIG-...``). Each subject's process sees one GPU, by that variable, as its ``cuda:0``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bidsapp.errors import UnavailableError, UsageError
from bidsapp.interfaces.gpu import VISIBLE
from bidsapp.settings import Settings
from bidsapp.workflows.gpu_probe import Gpu, View, driver_version, look

DRIVERS = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
OWN_GPU = "cuda:0"
"""What torch calls the one GPU that a process of a run sees."""

DEVICE_NAME = re.compile(r"cuda(?::(?P<which>[0-9]+|(?:GPU|MIG)-[0-9A-Za-z_/-]+))?")
"""How ``--device`` asks for GPUs: all, one by its number, or one by its name."""

_SLICE = "MIG-"


@dataclass(frozen=True)
class Devices:
    """Where the networks of a run compute.

    Attributes
    ----------
    device
        For torch in each process: ``cpu`` or ``cuda:0``.
    gpus
        Names of the GPUs that the run may use; none on the CPU.
    said
        Sentences for the log: what was chosen and why, and the health of each GPU.
    """

    device: str
    gpus: tuple[str, ...]
    said: tuple[str, ...]

    def show_to_processes(self) -> None:
        """Let this process, before it starts CUDA, and those that it starts see the chosen GPUs alone."""
        if self.gpus:
            os.environ[VISIBLE] = ",".join(self.gpus)


def resolve_device(name: str) -> Devices:
    """Turn ``--device`` into devices and sentences for the log.

    Neither torch nor CUDA is started in this process. GPUs are looked at, by another process, only where a
    driver is there or a GPU was asked for.

    Parameters
    ----------
    name
        ``auto``, ``cpu``, ``cuda`` (all GPUs that the process may see), ``cuda:N`` (the N-th of them, from 0)
        or ``cuda:NAME`` (a ``GPU-...`` or ``MIG-...``).

    Raises
    ------
    UnavailableError
        A GPU was asked for and is not there, or cannot be used.
    UsageError
        ``name`` is no device.
    """
    if name == "cpu":
        return Devices("cpu", (), ("Computes on the CPU, as asked for (--device cpu).",))
    if name == "auto":
        return _choose()
    asked = DEVICE_NAME.fullmatch(name)
    if asked is None:
        raise UsageError(f"--device {name} is no device; use auto, cpu, cuda, cuda:N or cuda:NAME.")
    return _take(name, asked["which"] or "")


def slot_environment(settings: Settings, slot: int) -> Mapping[str, str]:
    """Give a process slot its GPU; slots take turns when there are more of them than GPUs."""
    gpus = _visible() if settings.device == OWN_GPU else None
    return {VISIBLE: gpus[slot % len(gpus)]} if gpus else {}


def describe_sharing(settings: Settings, slots: int) -> str:
    """Say how the subjects at a time go with the GPUs; empty where each has one and none is idle."""
    count = len(_visible() or ()) if settings.device == OWN_GPU else 0
    if not count or slots == count:
        return ""
    if slots > count:
        return f"{slots} subjects at a time share {_gpus(count)}, in turn."
    return f"{slots} of {_gpus(count)} will be used: one by each subject at a time (see --nprocs)."


def _choose() -> Devices:
    """Take all GPUs that work, else the CPU."""
    if not any(driver.exists() for driver in DRIVERS):
        return Devices("cpu", (), ("Computes on the CPU (--device auto found no GPU).",))
    found, reason = _look(_visible())
    whole = {gpu: seen for gpu, seen in found.items() if not seen.problem}
    said = tuple(_describe(*item) for item in found.items())
    if whole:
        lost = f"; {reason}" if reason else ""
        chosen = f"Computes on {_gpus(len(whole))} (--device auto): {', '.join(whole)}{lost}."
        return Devices(OWN_GPU, tuple(whole), (chosen, *said))
    why = "found no GPU that can be used" if found else f"found no GPU: {reason}"
    return Devices("cpu", (), (f"Computes on the CPU (--device auto {why}).", *said))


def _take(name: str, which: str) -> Devices:
    """Take the GPUs that were asked for, or say why that cannot be."""
    found, reason = _look(_named(name, which))
    if not found or (reason and not which):
        raise _unavailable(name, reason, f"check the driver and {VISIBLE}, or use --device cpu")
    if which.isdecimal():
        if int(which) >= len(found):
            raise _unavailable(name, f"the last GPU is cuda:{len(found) - 1}", "choose one that is there")
        found = dict([list(found.items())[int(which)]])
    for gpu, seen in found.items():
        if seen.problem:
            reason = f"GPU {gpu} cannot be used ({seen.problem})"
            raise _unavailable(name, reason, "name another one, or use --device cpu")
    chosen = f"Computes on {_gpus(len(found))}, as asked for (--device {name}): {', '.join(found)}."
    return Devices(OWN_GPU, tuple(found), (chosen, *(_describe(*item) for item in found.items())))


def _unavailable(name: str, reason: str, remedy: str) -> UnavailableError:
    return UnavailableError(f"--device {name} was asked for, but {reason}; {remedy}.")


def _named(name: str, which: str) -> tuple[str, ...] | None:
    """Give the GPUs to look at: the one that was named, else all that the environment lets us see."""
    visible = _visible()
    if not which or which.isdecimal():
        return visible
    if visible is not None and which not in visible:
        reason = f"{VISIBLE}={','.join(visible)} does not name it"
        raise _unavailable(name, reason, "choose one that it names, or unset it")
    return (which,)


def _look(names: Sequence[str] | None) -> tuple[dict[str, Gpu], str]:
    """Give the GPUs that are there by name, and why there are none.

    CUDA numbers them, hides all that follow a name that it does not know, and shows a process no more than
    one slice, so that slices are looked at one by one.
    """
    slices = names is not None and any(name.startswith(_SLICE) for name in names)
    found: dict[str, Gpu] = {}
    seen = View()
    for part in [(name,) for name in names or ()] if slices else [names]:
        seen = look(part)
        found |= dict(zip(map(str, range(len(seen.gpus))) if part is None else part, seen.gpus, strict=False))
    lost = [name for name in names or () if name not in found]
    if lost:
        return found, f"there is no GPU {', '.join(lost)}" + (f" ({seen.reason})" if seen.reason else "")
    return found, seen.reason


def _visible() -> tuple[str, ...] | None:
    """Names in ``CUDA_VISIBLE_DEVICES``; ``None`` where it is not set and all GPUs can be seen."""
    text = os.environ.get(VISIBLE)
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def _describe(name: str, gpu: Gpu) -> str:
    driver = driver_version()
    facts = [
        f"{gpu.total_gb:.1f} GB of memory, {gpu.free_gb:.1f} GB free",
        f"compute capability {gpu.capability}",
        *([f"driver {driver}"] if driver else []),
        *([] if gpu.bfloat16 else ["no bfloat16: networks compute in float32"]),
    ]
    health = f"cannot be used: {gpu.problem}" if gpu.problem else "healthy"
    return f"GPU {name}: {gpu.model}, {', '.join(facts)}; {health}."


def _gpus(count: int) -> str:
    return f"{count} GPU{'s' if count > 1 else ''}"
