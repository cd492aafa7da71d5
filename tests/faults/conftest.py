"""A simulated head to break, and a process that a run leaves as it was."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bidsapp.simulate.sample import write_sample


@pytest.fixture(scope="session")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a simulated T1w image of 3 mm, with its sidecar beside it."""
    folder = tmp_path_factory.mktemp("head") / "sample"
    return write_sample(folder, subjects=["control03"], voxel_size=3)[0]


@pytest.fixture(autouse=True)
def same_process_afterwards() -> Iterator[None]:
    """Undo what a run in this process sets: environment and signal handler."""
    environment = dict(os.environ)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    os.environ.clear()
    os.environ.update(environment)
    for number, handler in handlers.items():
        signal.signal(number, handler)
