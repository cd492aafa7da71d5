"""Which device computes: what was asked for, or an error; ``auto`` says what it chose and why."""

from __future__ import annotations

import os
from pathlib import Path

from bidsapp.errors import UnavailableError, UsageError

DRIVERS = (Path("/dev/nvidiactl"), Path("/dev/dxg"))


def resolve_device(name: str) -> tuple[str, str]:
    """Turn ``--device`` into a torch device and a sentence for the log and the report.

    torch is imported only where a driver for a GPU is there or a GPU was asked for. CUDA itself is
    not started, so that a process that forks afterwards can still use it.

    Parameters
    ----------
    name
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Returns
    -------
    tuple[str, str]
        ``cpu`` or ``cuda:N``, and the sentence.

    Raises
    ------
    UnavailableError
        A GPU was asked for and is not there.
    UsageError
        ``name`` is no device.
    """
    if name == "cpu":
        return "cpu", "Computes on the CPU, as asked for (--device cpu)."
    if name == "auto":
        count = _count_gpus() if any(driver.exists() for driver in DRIVERS) else 0
        if count:
            return "cuda:0", f"Computes on the GPU cuda:0 (--device auto found {count})."
        return "cpu", "Computes on the CPU (--device auto found no GPU)."
    kind, _, number = name.partition(":")
    if kind != "cuda" or not (number.isdecimal() or name == "cuda"):
        raise UsageError(f"--device {name} is no device; use auto, cpu, cuda or cuda:N.")
    return _named_gpu(name, int(number or 0))


def _named_gpu(name: str, index: int) -> tuple[str, str]:
    count = _count_gpus()
    if not count:
        raise UnavailableError(
            f"--device {name} was asked for, but {_why_none()}; check the driver, or use --device cpu."
        )
    if index >= count:
        raise UnavailableError(
            f"--device {name} was asked for, but the last GPU is cuda:{count - 1}; choose one that is there."
        )
    return f"cuda:{index}", f"Computes on the GPU cuda:{index}, as asked for (--device {name})."


def _count_gpus() -> int:
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _why_none() -> str:
    import torch

    if torch.version.cuda is None:
        return f"the installed torch {torch.__version__} was built without CUDA"
    return "torch finds no CUDA device on this machine"
