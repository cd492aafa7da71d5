"""Memory and thread hints of steps and of subjects, as measured by ``benchmarks/``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bidsapp.settings import Settings

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node

MEMORY_GB = 3.0
"""Peak memory of one subject's process, with a margin."""


def node(interface: Any, name: str, *, mem_gb: float = 2.0) -> Node:
    """Make a Nipype node with a memory hint; every step uses the threads of its process."""
    from nipype.pipeline.engine import Node

    return Node(interface, name=name, mem_gb=mem_gb, n_procs=1)


def subject_slots(settings: Settings, subjects: int) -> int:
    """Tell how many subjects may run at a time, by processors and by memory; at least one."""
    by_processor = settings.nprocs // settings.omp_nthreads
    by_memory = int(settings.mem_gb // MEMORY_GB) if settings.mem_gb is not None else by_processor
    return max(1, min(by_processor, by_memory, subjects))
