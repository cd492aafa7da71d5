"""Finding data in a large dataset: from asking for one subject to its first node, and all of them."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
import psutil
from scale_cost import PROGRAM, Cost, measure, measure_code

PROLOGUE = """
import sys
from pathlib import Path
from bidsapp.settings import Settings
raw, out, subject = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
settings = Settings(bids_dir=raw, output_dir=out, levels=("participant",))
from bidsapp.bids.query import find_all, find_inputs, list_selected
"""
TASKS = {
    "list all subjects and sessions": "assert len(list_selected(settings)) > 1",
    "find the inputs of one session": "assert find_inputs(settings, subject, '01').images",
    "find all inputs, with sidecars": (
        "assert all(i.images for _, i in find_all(settings, list_selected(settings)))"
    ),
    "find all inputs, names only": (
        "assert all(i.images for _, i in find_all(settings, list_selected(settings), metadata=False))"
    ),
}
WHOLE = """
import sys
from bids.layout import BIDSLayout
assert BIDSLayout(sys.argv[1]).get(subject=sys.argv[3], suffix='T1w', extension='.nii.gz')
"""
FIRST_NODE = "first node of one subject"


def costs_of_finding(raw: Path, out: Path, subject: str, words: Sequence[str]) -> Iterator[tuple[str, Cost]]:
    """Measure each task in a fresh process; pybids on the whole dataset is what an app does by default."""
    for task, code in TASKS.items():
        yield task, measure_code(PROLOGUE + code, raw, out, subject)
    yield "pybids on the whole dataset", measure_code(WHOLE, raw, out, subject)
    give_head(raw, subject)
    yield FIRST_NODE, first_node(raw, out, subject, words)


def dry_run(raw: Path, out: Path, words: Sequence[str]) -> Cost:
    """Run ``bidsapp --dry-run`` on all subjects."""
    return measure([PROGRAM, raw, out, "participant", "--dry-run", *words])


def first_node(raw: Path, out: Path, subject: str, words: Sequence[str]) -> Cost:
    """Run ``bidsapp`` on one subject until its status names a first step."""
    call = [str(PROGRAM), str(raw), str(out), "participant", "--participant-label", subject, *words]
    start = time.perf_counter()
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not _has_step(out):
            time.sleep(0.01)
        wall = time.perf_counter() - start
        main_process = psutil.Process(process.pid)
        times = [item.cpu_times() for item in (main_process, *main_process.children(recursive=True))]
        process.terminate()
    if not _has_step(out):
        raise SystemExit("bidsapp ended before its first node")
    return Cost(wall, float(sum(item.user + item.system for item in times)))


def give_head(raw: Path, subject: str) -> None:
    """Put an image that passes the checks in place of each of the subject's tiny ones."""
    grid = np.stack(np.meshgrid(*(np.linspace(-1.2, 1.2, n) for n in (90, 110, 90)), indexing="ij"))
    noise = np.random.default_rng(0).normal(0, 20, grid.shape[1:])
    head = np.where((grid**2).sum(axis=0) < 1, 500, 20) + noise
    for path in (raw / f"sub-{subject}").rglob("*.nii.gz"):
        path.unlink()  # it is a hard link: writing into it would change all of them
        nib.save(nib.Nifti1Image(head.astype(np.float32), np.diag([2.0, 2.0, 2.0, 1.0])), path)


def _has_step(out: Path) -> bool:
    for path in out.glob("logs/sub-*/**/status.json"):
        if json.loads(path.read_text(encoding="utf-8"))["steps"]:
            return True
    return False
