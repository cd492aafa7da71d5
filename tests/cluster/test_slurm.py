"""A cohort on a real Slurm: a task ended midway, a subject that fails, both run again, the group afterwards.

``make test-cluster`` runs it where ``sbatch`` is on the PATH (and ``SLURM_CONF`` set where that needs it).
The subjects have signals of regions and no image: whole participant runs of a few seconds each.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cluster.slurm import follow, logs_of, state_of, submit, wait_until
from tests.ready_signals import SONG_2018, add_subject, resting_signals, write_dataset

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(3000),
    pytest.mark.skipif(shutil.which("sbatch") is None, reason="there is no Slurm here"),
]

SUBJECTS = ("one", "two", "three", "four")
ENDED, BROKEN = "two", "three"


@pytest.fixture
def bids(tmp_path: Path) -> Path:
    rows = "".join(f"sub-{label}\t{40 + number}\n" for number, label in enumerate(SUBJECTS))
    folder = write_dataset(tmp_path / "bids set", f"participant_id\tage\n{rows}")
    for number, label in enumerate(SUBJECTS):
        timing = {} if label == BROKEN else {"RepetitionTime": 2.0}
        add_subject(folder, label, resting_signals(number, 60, len(SONG_2018)), **timing)
    return folder


def test_what_was_ended_or_failed_is_run_again_alone_and_the_group_follows(bids, tmp_path):
    out = tmp_path / "out put"
    folder, jobs = submit(bids, out, "--max-running", "2")
    lines = (folder / "subjects.txt").read_text().split()
    task = f"{jobs[0]}_{lines.index(ENDED) + 1}"
    wait_until(lambda: state_of(out, ENDED) == "running", "the task to begin")
    # what --signal=B:TERM@30 does before the time limit: SIGTERM to the batch script, which is the program
    subprocess.run(["scancel", "--batch", "--signal=TERM", task], check=True)
    follow(jobs)

    logs = logs_of(folder)
    assert "Asked to end by the system (SIGTERM)" in logs[f"{task}.log"]
    group = next(text for name, text in logs.items() if name.startswith("group"))
    assert re.search(rf"^sub-{ENDED}: ", group, re.MULTILINE), group
    assert re.search(rf"^sub-{BROKEN}: .*RepetitionTime", group, re.MULTILINE), group
    assert "2 of 4 subjects are finished, 2 are not." in group
    assert (out / "group_report.html").is_file()
    finished = [label for label in SUBJECTS if state_of(out, label) == "done"]
    assert finished == ["one", "four"]
    before = {
        path: path.stat().st_mtime_ns for label in finished for path in (out / f"sub-{label}").rglob("*")
    }

    sidecar = next((bids / f"sub-{BROKEN}").rglob("*.json"))
    sidecar.write_text(json.dumps({"TaskName": "rest", "RepetitionTime": 2.0}))
    folder, jobs = submit(bids, out, "--max-running", "2", "--resubmit")
    assert sorted((folder / "subjects.txt").read_text().split()) == sorted([ENDED, BROKEN])
    follow(jobs)

    logs = logs_of(folder)
    assert {label: state_of(out, label) for label in SUBJECTS} == dict.fromkeys(SUBJECTS, "done"), logs
    assert {path: path.stat().st_mtime_ns for path in before} == before, "what was finished was not redone"
    assert "2 of 2 subjects are finished, 0 are not." in "".join(logs.values())
    rows = [line.split("\t")[0] for line in (out / "participants.tsv").read_text().splitlines()[1:]]
    assert rows == sorted(f"sub-{label}" for label in SUBJECTS)
    assert [path.name for path in (out / "work").iterdir()] == ["hpc"], "no work folder is left"
