"""A cohort on a real Grid Engine: a subject that fails, the group behind the array, and that subject again.

``make test-cluster`` runs it where ``qsub`` of a Grid Engine answers (``SGE_ROOT`` set where that needs it).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cluster.slurm import state_of, submit, wait_until, write_cohort


def _answers() -> bool:
    """Tell whether a Grid Engine takes jobs here; ``qconf`` is no program of other schedulers."""
    if shutil.which("qconf") is None:
        return False
    return subprocess.run(["qstat"], capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not _answers(), reason="there is no Grid Engine here"),
]

SUBJECTS = ("01", "02", "03")
BROKEN = "02"


def run(bids: Path, out: Path, *words: str) -> Path:
    """Submit, wait for the end, and give the folder of the scripts."""
    folder, jobs = submit(bids, out, "--scheduler", "sge", *words)
    wait_until(lambda: not set(jobs) & set(_listed()), f"jobs {', '.join(jobs)}")
    return folder


def _listed() -> list[str]:
    """Give the numbers of the jobs that have not ended."""
    said = subprocess.run(["qstat"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in said.splitlines()[2:]]


def states(out: Path) -> Mapping[str, str]:
    return {label: state_of(out, label) for label in SUBJECTS}


def test_a_subject_that_failed_is_run_again_alone_and_the_group_follows(tmp_path: Path) -> None:
    bids, out = write_cohort(tmp_path / "bids set", SUBJECTS), tmp_path / "out put"
    sidecar = next((bids / f"sub-{BROKEN}").rglob("*.json"))
    timing = sidecar.read_text()
    sidecar.write_text("{}")

    folder = run(bids, out, "--max-running", "2")
    assert states(out) == {"01": "done", BROKEN: "failed", "03": "done"}
    (group,) = folder.glob("bidsapp-group.o*")
    assert "2 of 3 subjects are finished, 1 are not." in group.read_text()
    assert (out / "group_report.html").is_file()

    sidecar.write_text(timing)
    folder = run(bids, out, "--resubmit")
    assert (folder / "subjects.txt").read_text().split() == [BROKEN]
    assert states(out) == dict.fromkeys(SUBJECTS, "done")
    rows = [line.split("\t")[0] for line in (out / "participants.tsv").read_text().splitlines()[1:]]
    assert rows == [f"sub-{label}" for label in SUBJECTS]
