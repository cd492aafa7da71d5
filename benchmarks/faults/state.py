"""Faults of what a run keeps: locks, clocks, intermediates, results, bundles, databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.faults.fault import Fault
from benchmarks.faults.program import LIMIT, Ended
from benchmarks.faults.scene import FIRST, PREPROCESSING, SECOND, Scene
from bidsapp.workflows.environment import RUNS
from bidsapp.workflows.task import work_folder

LATE_STEP = "session_wf.write_preproc"
FUTURE, PAST = 2**31 + 1e8, 1e6
"""Seconds since 1970: the year 2041, and January 1970."""
WITH_BUNDLE = ("--analysis", "coma", "--bundle", "{}/bundle")
WITH_DATABASE = (*PREPROCESSING, "--bids-database-dir", "{}/database")
HOLDER = """
import fcntl, sys, time
stream = open(sys.argv[1], "a+")
fcntl.flock(stream, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(3600)
"""


def lock_of(scene: Scene, subject: str) -> Path:
    """Give the file by which a run claims a subject."""
    return work_folder(scene.work, scene.bids) / f".sub-{subject}.lock"


def interrupted(scene: Scene) -> None:
    """Run until the last step of a subject and kill everything: all its intermediates stay."""
    run = scene.start()
    with run.held(FIRST, LATE_STEP):
        run.signal(signal.SIGKILL)
    run.end(LIMIT)


@contextmanager
def stale_lock(scene: Scene) -> Iterator[Ended]:
    """Leave the lock files of a killed run, with words of another program in them."""
    interrupted(scene)
    for path in (scene.work / RUNS, lock_of(scene, FIRST)):
        path.write_text("12345 elsewhere\n")
    yield scene.start().end(LIMIT)


@contextmanager
def foreign_lock(scene: Scene) -> Iterator[Ended]:
    """Hold the lock of a subject by a process that has nothing to do with the run."""
    path = lock_of(scene, FIRST)
    path.parent.mkdir(parents=True)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    yield scene.start().end(LIMIT)
    holder.kill()
    holder.communicate()


@contextmanager
def clock_jump(scene: Scene) -> Iterator[Ended]:
    """Date every file of the dataset, the results and an interrupted run 2041 or 1970, by turns."""
    interrupted(scene)
    for folder in (scene.bids, scene.out):
        for number, path in enumerate(sorted(folder.rglob("*"))):
            stamp = FUTURE if number % 2 else PAST
            os.utime(path, (stamp, stamp), follow_symlinks=False)
    yield scene.start().end(LIMIT)


@contextmanager
def truncated_intermediates(scene: Scene) -> Iterator[Ended]:
    """Cut every file that an interrupted run left in its work folder in half."""
    interrupted(scene)
    for path in scene.work.rglob("*"):
        if path.is_file():
            os.truncate(path, path.stat().st_size // 2)
    yield scene.start().end(LIMIT)


@contextmanager
def truncated_derivative(scene: Scene) -> Iterator[Ended]:
    """Cut a result of a finished subject in half."""
    scene.start(labels=[FIRST]).end(LIMIT)
    table = next((scene.out / f"sub-{FIRST}").rglob("*_timeseries.tsv"))
    os.truncate(table, table.stat().st_size // 2)
    yield scene.start().end(LIMIT)


@contextmanager
def corrupt_status(scene: Scene) -> Iterator[Ended]:
    """Write nonsense over the status and the findings of a finished subject."""
    scene.start(labels=[FIRST]).end(LIMIT)
    for path in (scene.out / "logs" / f"sub-{FIRST}").glob("*.json"):
        path.write_bytes(b"\0" * path.stat().st_size)
    yield scene.start().end(LIMIT)


@contextmanager
def corrupt_bundle(scene: Scene) -> Iterator[Ended]:
    """Cut the weights of a bundle in half."""
    weights = next((scene.root / "bundle").rglob("*.safetensors"))
    whole = weights.read_bytes()
    os.truncate(weights, len(whole) // 2)
    yield scene.start(WITH_BUNDLE).end(LIMIT)
    weights.write_bytes(whole)


@contextmanager
def corrupt_database(scene: Scene) -> Iterator[Ended]:
    """Cut the database of the dataset, which an earlier run made, in half."""
    scene.start(WITH_DATABASE, labels=[FIRST]).end(LIMIT)
    database = next((scene.root / "database").rglob("*.sqlite"))
    whole = database.read_bytes()
    os.truncate(database, len(whole) // 2)
    yield scene.start(WITH_DATABASE).end(LIMIT)
    database.write_bytes(whole)


STATE = (
    Fault(
        name="stale-lock",
        injected="a killed run left its lock files, and they hold another host's words",
        promised="exit 0: a lock that nobody holds stops nobody",
        disturb=stale_lock,
        codes=(0,),
        done=(FIRST, SECOND),
    ),
    Fault(
        name="foreign-lock",
        injected="a process that the run does not know, as one of another host, holds a subject's lock",
        promised="exit 75; the subject is named and left alone; the others finish",
        disturb=foreign_lock,
        codes=(75,),
        says=rf"sub-{FIRST}: another run works on this subject",
        done=(SECOND,),
    ),
    Fault(
        name="clock-jump",
        injected="all files of the dataset and of an interrupted run are of the year 2041 or 1970",
        promised="exit 0: contents count, not times",
        disturb=clock_jump,
        codes=(0,),
        done=(FIRST, SECOND),
    ),
    Fault(
        name="truncated-intermediates",
        injected="each file of an interrupted run's work folder is cut in half, as after a power cut",
        promised="exit 0: the steps are run again",
        disturb=truncated_intermediates,
        codes=(0,),
        done=(FIRST, SECOND),
    ),
    Fault(
        name="truncated-derivative",
        injected="a result of a finished subject is cut in half",
        promised="exit 0: the subject is done again",
        disturb=truncated_derivative,
        codes=(0,),
        done=(FIRST, SECOND),
    ),
    Fault(
        name="corrupt-status",
        injected="status and findings of a finished subject are overwritten with zeros",
        promised="exit 0: the subject is done again",
        disturb=corrupt_status,
        codes=(0,),
        done=(FIRST, SECOND),
    ),
    Fault(
        name="corrupt-bundle",
        injected="the weights of the bundle are cut in half",
        promised="exit 65 before any subject; the file is named",
        disturb=corrupt_bundle,
        codes=(65,),
        says=r"\.safetensors (is truncated|has a damaged header); train or copy the bundle again",
        options=WITH_BUNDLE,
    ),
    Fault(
        name="corrupt-database",
        injected="the database of --bids-database-dir is cut in half",
        promised="exit 1; the file and the remedy are named",
        disturb=corrupt_database,
        codes=(1,),
        says=r"The database in .* is damaged; delete it and run again",
        options=WITH_DATABASE,
    ),
)
