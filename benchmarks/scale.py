"""Finding data at scale: 1,000 subjects of two sessions, from asking for one to the first node, and all.

    python benchmarks/scale.py [--subjects 1000] [--work FOLDER] [options of bidsapp]

Each row is a fresh process: wall and processor seconds with all imports, against the promise, and beside
them pybids on the whole dataset, which is what an app does that does not narrow the index.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np
import psutil

from bidsapp.simulate.skeleton import skeleton

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
PROMISES = {"first node of one subject": 3.0, "--dry-run of all": 30.0}


def timed(work: Callable[[], float | None]) -> tuple[float, float]:
    """Give wall and processor seconds of ``work``: those that it says, or of the processes it waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    said = work()
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (
        wall,
        said if said is not None else after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )


def run_code(code: str, *words: str) -> None:
    """Run Python code in a fresh process."""
    subprocess.run([sys.executable, "-c", code, *words], check=True)


def dry_run(raw: Path, out: Path, words: Sequence[str]) -> None:
    """Run ``bidsapp --dry-run`` on all subjects."""
    program = Path(sys.executable).with_name("bidsapp")
    call = [str(program), str(raw), str(out), "participant", "--dry-run", *words]
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL)


def first_node(raw: Path, out: Path, subject: str, words: Sequence[str]) -> float:
    """Run ``bidsapp`` on one subject until its status names a first step; give its processor seconds."""
    program = Path(sys.executable).with_name("bidsapp")
    call = [str(program), str(raw), str(out), "participant", "--participant-label", subject, *words]
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not _has_step(out):
            time.sleep(0.01)
        main_process = psutil.Process(process.pid)
        times = [item.cpu_times() for item in (main_process, *main_process.children(recursive=True))]
        process.terminate()
    if not _has_step(out):
        raise SystemExit("bidsapp ended before its first node")
    return float(sum(item.user + item.system for item in times))


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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=1000)
    parser.add_argument("--work", type=Path, help="folder for the skeleton; by default a temporary one")
    options, words = parser.parse_known_args()
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        raw, out = Path(name) / "raw", Path(name) / "out"
        subject = skeleton(raw, options.subjects, 2)[options.subjects // 2]
        give_head(raw, subject)
        works: dict[str, Callable[[], float | None]] = {
            task: partial(run_code, PROLOGUE + code, str(raw), str(out), subject)
            for task, code in TASKS.items()
        }
        works["pybids on the whole dataset"] = partial(run_code, WHOLE, str(raw), str(out), subject)
        works["first node of one subject"] = partial(first_node, raw, out, subject, words)
        works["--dry-run of all"] = partial(dry_run, raw, out, words)
        print(f"{options.subjects} subjects, 2 sessions each\n{'':34}{'wall s':>8}{'cpu s':>8}  promise")
        late = []
        for task, work in works.items():
            wall, cpu = timed(work)
            promise = PROMISES.get(task)
            print(f"{task:34}{wall:8.2f}{cpu:8.2f}  " + (f"<= {promise:g}" if promise else ""), flush=True)
            late += [task] if promise and wall > promise else []
    if late:
        raise SystemExit(f"Broken promise: {', '.join(late)}")


if __name__ == "__main__":
    main()
