"""Faults of the surroundings: no home, no temporary folder, nobody who reads what is said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.faults.fault import Fault
from benchmarks.faults.machine import mount_memory
from benchmarks.faults.program import LIMIT, Ended
from benchmarks.faults.scene import FIRST, SECOND, Scene


@contextmanager
def no_home(scene: Scene) -> Iterator[Ended]:
    """Name a HOME that does not exist and could not be made."""
    yield scene.start(environment={"HOME": "/proc/nobody"}).end(LIMIT)


@contextmanager
def no_temporary_folder(scene: Scene) -> Iterator[Ended]:
    """Name a TMPDIR that does not exist."""
    yield scene.start(environment={"TMPDIR": "/proc/nowhere"}).end(LIMIT)


@contextmanager
def full_temporary_folder(scene: Scene) -> Iterator[Ended]:
    """Mount a full disk on TMPDIR."""
    mount_memory(scene.tmp, megabytes=1)
    scene.mounts.append(scene.tmp)
    with (scene.tmp / "ballast").open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, 2**20)
    yield scene.start().end(LIMIT)
    scene.release(scene.tmp)


PLACES = (
    Fault(
        name="no-home",
        injected="HOME names a folder that is not there and cannot be made",
        promised="exit 0, the same results",
        disturb=no_home,
        codes=(0,),
        done=(FIRST, SECOND),
    ),
    Fault(
        name="no-temporary-folder",
        injected="TMPDIR names a folder that is not there",
        promised="exit 0, the same results",
        disturb=no_temporary_folder,
        codes=(0,),
        done=(FIRST, SECOND),
    ),
    Fault(
        name="full-temporary-folder",
        injected="the disk of TMPDIR is full",
        promised="exit 0, the same results",
        disturb=full_temporary_folder,
        codes=(0,),
        done=(FIRST, SECOND),
        needs="mounts",
    ),
)
