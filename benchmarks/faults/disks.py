"""Faults of disks and network folders: full, no room left for the user, read-only, gone."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.faults.fault import Fault
from benchmarks.faults.machine import mount_memory, mount_read_only
from benchmarks.faults.program import LIMIT, Ended
from benchmarks.faults.scene import FIRST, SECOND, Scene

STEP = "session_wf.describe"
MEGABYTES = 4
QUOTA = 64
"""Bytes to which a file may grow: a status needs more."""


@contextmanager
def full_disk(scene: Scene) -> Iterator[Ended]:
    """Fill the disk of the output folder while a subject is at a step."""
    kept = scene.root / "kept"
    scene.out.rename(kept)
    scene.out.mkdir()
    mount_memory(scene.out, megabytes=MEGABYTES)
    scene.mounts.append(scene.out)
    shutil.copytree(kept, scene.out, dirs_exist_ok=True)
    ballast = scene.out / "logs" / "ballast"
    run = scene.start()
    with run.held(FIRST, STEP), ballast.open("wb", buffering=0) as stream:
        room = shutil.disk_usage(scene.out).free
        os.posix_fallocate(stream.fileno(), 0, room)
    yield run.end(LIMIT)
    ballast.unlink()


@contextmanager
def quota(scene: Scene) -> Iterator[Ended]:
    """Let no process of the run write more than a few bytes to a file from now on."""
    run = scene.start()
    with run.held(FIRST, STEP):
        for pid in (run.process.pid, *(worker.pid for worker in run.workers())):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (QUOTA, QUOTA))
    yield run.end(LIMIT)


@contextmanager
def read_only_dataset(scene: Scene) -> Iterator[Ended]:
    """Mount the dataset read-only."""
    mount_read_only(scene.bids)
    scene.mounts.append(scene.bids)
    yield scene.start().end(LIMIT)


@contextmanager
def read_only_output(scene: Scene) -> Iterator[Ended]:
    """Mount the output folder read-only."""
    mount_read_only(scene.out)
    scene.mounts.append(scene.out)
    yield scene.start().end(LIMIT)
    scene.release(scene.out)


@contextmanager
def network_folder(scene: Scene) -> Iterator[Ended]:
    """Take the dataset away while a subject is at its first step; bring it back after the end."""
    away = scene.root / "away"
    run = scene.start()
    with run.held(FIRST, "session_wf.take_signals"):
        scene.bids.rename(away)
    yield run.end(LIMIT)
    away.rename(scene.bids)


@contextmanager
def work_purged(scene: Scene) -> Iterator[Ended]:
    """Remove the work folder while a subject is at a step, as the cleaner of a scratch disk does."""
    run = scene.start()
    with run.held(FIRST, STEP):
        shutil.rmtree(scene.work)
    yield run.end(LIMIT)


DISKS = (
    Fault(
        name="full-disk",
        injected="the disk of OUTPUT_DIR (a tmpfs of 4 MB) is filled while a subject is at a step",
        promised="exit 74 and the advice to free space",
        disturb=full_disk,
        codes=(74,),
        says=r"No space left on device.*free space",
        records=False,
        needs="mounts",
    ),
    Fault(
        name="quota",
        injected="no file may grow beyond 64 bytes any more (RLIMIT_FSIZE stands for a quota)",
        promised="exit 74 and the advice to free space or quota",
        disturb=quota,
        codes=(74,),
        says=r"File too large.*quota",
        records=False,
    ),
    Fault(
        name="read-only-dataset",
        injected="BIDS_DIR is mounted read-only",
        promised="exit 0, the same results",
        disturb=read_only_dataset,
        codes=(0,),
        done=(FIRST, SECOND),
        needs="mounts",
    ),
    Fault(
        name="read-only-output",
        injected="OUTPUT_DIR is mounted read-only",
        promised="exit 73 before any work; the folder is named",
        disturb=read_only_output,
        codes=(73,),
        says=r"cannot be written \(Read-only file system\); choose a writable folder",
        needs="mounts",
    ),
    Fault(
        name="network-folder",
        injected="BIDS_DIR goes away while a subject is at its first step, and comes back after the end",
        promised="exit 1; each subject that missed it is named",
        disturb=network_folder,
        codes=(1,),
        says=rf"sub-{SECOND} failed: .*{SECOND}",
    ),
    Fault(
        name="work-purged",
        injected="the work folder is removed while a subject is at a step",
        promised="exit 1; the subject is named; the others finish",
        disturb=work_purged,
        codes=(1,),
        says=rf"sub-{FIRST} failed: ",
        done=(SECOND,),
    ),
)
