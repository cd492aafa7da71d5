"""One thread inside ITK: sums over threads differ in their last bits, and a run must give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import SimpleITK as sitk  # noqa: N813


@contextmanager
def single_thread() -> Iterator[None]:
    """Let ITK's filters that are made inside run on one thread, and restore its default afterwards."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
