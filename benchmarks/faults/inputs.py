"""Faults of single files of the dataset, which appear while a run is under way."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.faults.fault import Fault
from benchmarks.faults.program import LIMIT, Ended
from benchmarks.faults.scene import FIRST, SECOND, Scene

STEP = "session_wf.take_signals"
AS_A_USER = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
"""Root without its right to read everything."""


@contextmanager
def dangling_link(scene: Scene) -> Iterator[Ended]:
    """Let the content of a link go, as ``datalad drop`` does, while another subject is at work."""
    table = scene.table(SECOND)
    content = table.with_name(".content")
    table.rename(content)
    table.symlink_to(content.name)
    run = scene.start()
    with run.held(FIRST, STEP):
        content.rename(scene.root / "dropped")
    yield run.end(LIMIT)
    table.unlink()
    (scene.root / "dropped").rename(table)


@contextmanager
def file_gone(scene: Scene) -> Iterator[Ended]:
    """Remove all files of a subject that was listed and has not begun."""
    folder = scene.bids / f"sub-{SECOND}"
    run = scene.start()
    with run.held(FIRST, STEP):
        folder.rename(scene.root / "gone")
    yield run.end(LIMIT)
    (scene.root / "gone").rename(folder)


@contextmanager
def permission_lost(scene: Scene) -> Iterator[Ended]:
    """Take the right to read a table away while another subject is at work."""
    table = scene.table(SECOND)
    run = scene.start(before=AS_A_USER if os.geteuid() == 0 else ())
    with run.held(FIRST, STEP):
        table.chmod(0)
    yield run.end(LIMIT)
    table.chmod(0o644)


@contextmanager
def table_edited(scene: Scene) -> Iterator[Ended]:
    """Write other signals into a table while its subject is at work, and the first ones after the end."""
    table, kept = scene.table(FIRST), scene.root / "kept"
    shutil.copyfile(table, kept)
    run = scene.start()
    with run.held(FIRST, STEP):
        shutil.copyfile(scene.table(SECOND), table)
    yield run.end(LIMIT)
    shutil.copyfile(kept, table)


INPUTS = (
    Fault(
        name="dangling-link",
        injected="the content of a subject's link (DataLad, git-annex) is dropped during the run",
        promised="exit 1; the file and the way to get it are named; the others finish",
        disturb=dangling_link,
        codes=(1,),
        says=rf"sub-{SECOND} failed: .*datalad get",
        done=(FIRST,),
    ),
    Fault(
        name="file-gone",
        injected="the folder of a subject that was listed goes away before its turn",
        promised="exit 1; the subject is named; the others finish",
        disturb=file_gone,
        codes=(1,),
        says=rf"sub-{SECOND} failed: ",
        done=(FIRST,),
    ),
    Fault(
        name="permission-lost",
        injected="a subject's file may not be read any more",
        promised="exit 1; the file is named; the others finish",
        disturb=permission_lost,
        codes=(1,),
        says=rf"sub-{SECOND} failed: .*timeseries\.tsv.*[Pp]ermission denied",
        done=(FIRST,),
    ),
    Fault(
        name="table-edited",
        injected="a subject's file changes while it is processed, and is restored afterwards",
        promised="exit 75; no result of a mixture is called done, nor reused",
        disturb=table_edited,
        codes=(75,),
        says=rf"sub-{FIRST}: .*changed while",
        done=(SECOND,),
    ),
)
