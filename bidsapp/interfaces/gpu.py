"""What a step says of the GPU that it ran on: its name, and where its memory did not suffice."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The variable that shows a process some GPUs and no others: numbers, or names (``GPU-...``, ``MIG-...``)."""

LOGGER = "bidsapp.learning.gpu_memory"
"""Whose log lines :func:`memory_notes` keeps."""


def device_name(device: str) -> str:
    """Name a device of this process for people: ``cuda:0`` where GPU ``3`` alone can be seen is ``cuda:3``.

    Parameters
    ----------
    device
        ``cpu`` or ``cuda:N``.
    """
    kind, _, number = device.partition(":")
    names = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    place = int(number or 0)
    return f"cuda:{names[place]}" if kind == "cuda" and place < len(names) else device


class _Notes(logging.StreamHandler):  # type: ignore[type-arg]  # a class without type at run time
    """Writes to standard error, which is the subject's log, and keeps each sentence once."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write and keep."""
        super().emit(record)
        self.notes[record.getMessage()] = None


@contextmanager
def memory_notes() -> Iterator[list[str]]:
    """Collect what is said meanwhile of a GPU without enough memory; the list is filled at the end."""
    logger, handler, notes = logging.getLogger(LOGGER), _Notes(), list[str]()
    logger.addHandler(handler)
    try:
        yield notes
    finally:
        logger.removeHandler(handler)
        notes += handler.notes
