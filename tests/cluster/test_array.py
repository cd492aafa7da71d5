"""Twenty subjects on four nodes: a node drained, a task killed midway, submitted again, the group done."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.cluster.slurm import (
    follow,
    logs_of,
    set_node,
    state_of,
    submit,
    tasks_of,
    wait_until,
    write_cohort,
)
from tests.side_by_side import VALIDATOR, times_computed, validator_errors

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(3000),
    pytest.mark.skipif(shutil.which("sbatch") is None, reason="there is no Slurm here"),
]

SUBJECTS = tuple(f"{number:02d}" for number in range(1, 21))
KILLED = "03"


def contents(out: Path, subjects: Iterable[str]) -> dict[Path, int]:
    """Give when each file of some subjects was last written."""
    return {path: path.stat().st_mtime_ns for label in subjects for path in (out / f"sub-{label}").rglob("*")}


def drain_and_kill(out: Path, job: str) -> tuple[str, datetime]:
    """Kill a task midway and drain the node of another; give that node, and from when on it is out."""
    number = SUBJECTS.index(KILLED) + 1
    wait_until(lambda: state_of(out, KILLED) == "running", "the task to begin")
    tasks = tasks_of(job)
    drained = next(task.node for task in tasks.values() if task.node != tasks[number].node)
    set_node(drained, "DRAIN")
    subprocess.run(["scancel", "--full", "--signal=KILL", f"{job}_{number}"], check=True)
    return drained, datetime.now()


def rows_of(table: Path) -> list[str]:
    return [line.split("\t")[0] for line in table.read_text().splitlines()[1:]]


def test_a_cohort_outlives_a_drained_node_and_a_killed_task(tmp_path):
    bids, out = write_cohort(tmp_path / "bids", SUBJECTS), tmp_path / "out"
    folder, jobs = submit(bids, out)
    drained, since = drain_and_kill(out, jobs[0])
    try:
        tasks = follow(jobs)
    finally:
        set_node(drained, "RESUME")

    later = [task for task in tasks.values() if task.start and task.start > since + timedelta(seconds=1)]
    assert len(tasks) == len(SUBJECTS)
    assert later, "tasks began after the node was drained"
    assert drained not in {task.node for task in later}
    said = logs_of(folder)
    group = next(text for name, text in said.items() if name.startswith("group"))
    # Slurm may ask a task to end just before it kills it: then the task itself has said so
    assert re.search(rf"^sub-{KILLED}: (begun, but killed or still running|.* was not finished)", group, re.M)
    assert "19 of 20 subjects are finished, 1 are not." in group
    finished = [label for label in SUBJECTS if state_of(out, label) == "done"]
    assert finished == [label for label in SUBJECTS if label != KILLED]
    before = contents(out, finished)

    folder, jobs = submit(bids, out, "--resubmit")
    assert (folder / "subjects.txt").read_text().split() == [KILLED]
    follow(jobs)
    assert {label: state_of(out, label) for label in SUBJECTS} == dict.fromkeys(SUBJECTS, "done")
    assert contents(out, finished) == before, "what was finished was not done again"
    assert {label for label, times in times_computed(out).items() if times > 1} <= {KILLED}
    everyone = [f"sub-{label}" for label in SUBJECTS]
    assert rows_of(out / "participants.tsv") == everyone
    assert rows_of(out / "group_coma.tsv") == everyone
    assert rows_of(out / "phenotype" / "crsrpredicted.tsv") == everyone
    assert [path.name for path in (out / "work").iterdir()] == ["hpc"], "no work folder is left"
    if VALIDATOR.exists():
        assert validator_errors(out) == []
