"""Looks at the GPUs that a process sees, from a process of its own that ends at once.

Once CUDA has started in a process it keeps what it found, holds memory of the GPU, and the process can no
longer fork. The run's own process therefore never starts it.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bidsapp.interfaces.gpu import VISIBLE
from bidsapp.workflows.supervisor import Event, supervise

DRIVER = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """A GPU as CUDA describes it.

    Attributes
    ----------
    model
        As the maker calls it.
    total_gb, free_gb
        Memory, and what of it nobody uses, in GB (1e9 bytes).
    capability
        Compute capability, as ``8.0``.
    bfloat16
        Whether it computes with bfloat16 itself; older GPUs only imitate it.
    problem
        Why it cannot be used; empty for a healthy one.
    """

    model: str
    total_gb: float
    free_gb: float
    capability: str
    bfloat16: bool
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class View:
    """The GPUs that a process sees, in CUDA's order; ``reason`` says why there are none."""

    gpus: tuple[Gpu, ...] = ()
    reason: str = ""


def look(names: Sequence[str] | None) -> View:
    """Start a process that sees these GPUs alone, and give what it sees.

    Parameters
    ----------
    names
        For ``CUDA_VISIBLE_DEVICES``; ``None`` leaves the environment as it is.
    """
    shown = {} if names is None else {VISIBLE: ",".join(names)}
    *_, report = supervise([None], _work, slots=1, environment=lambda slot: shown)
    if report.signal is not None:
        return View(reason=f"looking for GPUs failed ({report.event.text})")
    content = json.loads(report.event.text)
    return View(gpus=tuple(Gpu(**item) for item in content["gpus"]), reason=content["reason"])


def driver_version(path: Path = DRIVER) -> str:
    """Give the version of the NVIDIA driver, as ``550.54.15``; empty where the kernel does not tell."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # no NVIDIA driver, or /proc is hidden
        return ""
    found = re.search(r"^NVRM version:.*?\s(\d+(?:\.\d+)+)\s", text, re.MULTILINE)
    return found.group(1) if found else ""


def _work(task: None, send: Callable[[Event], None]) -> Event:
    warnings.simplefilter("ignore")  # what matters of them is said by the errors
    try:
        seen = view()
    except (ImportError, OSError, RuntimeError) as error:
        seen = View(reason=f"looking for GPUs failed ({_first_sentence(error)})")
    return Event(json.dumps(asdict(seen)), final=True)


def view() -> View:
    """Look at the GPUs from within; this starts CUDA."""
    import torch

    count = torch.cuda.device_count()
    if count:
        return View(gpus=tuple(examine(index) for index in range(count)))
    if torch.version.cuda is None and torch.version.hip is None:
        return View(reason=f"the installed torch {torch.__version__} was built without CUDA")
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        return View(reason=f"torch says: {_first_sentence(error)}")
    return View(reason="torch finds no CUDA device on this machine")


def examine(index: int) -> Gpu:
    """Describe a GPU, and compute on it: a driver may show one that its software cannot use."""
    import torch

    own = torch.cuda.get_device_properties(index)
    free, problem = 0, ""
    try:
        free, _ = torch.cuda.mem_get_info(index)
        torch.ones(1, device=f"cuda:{index}").add(1).item()
    except RuntimeError as error:
        problem = _first_sentence(error)
    return Gpu(
        model=own.name,
        total_gb=round(own.total_memory / 1e9, 1),
        free_gb=round(free / 1e9, 1),
        capability=f"{own.major}.{own.minor}",
        bfloat16=torch.version.hip is not None or own.major >= 8,
        problem=problem,
    )


def _first_sentence(error: Exception) -> str:
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return first.partition(". ")[0].rstrip(".")
