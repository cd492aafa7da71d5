"""A head with all analyses: on this machine twice, and as a task of a real Slurm, it gives the same bytes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bidsapp.simulate.sample import write_sample
from tests.cluster.slurm import follow, logs_of, state_of, submit
from tests.side_by_side import digests

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(3000),
    pytest.mark.skipif(shutil.which("sbatch") is None, reason="there is no Slurm here"),
]

SUBJECT = "patient01"


def test_a_head_is_the_same_on_this_machine_and_on_slurm(tmp_path: Path) -> None:
    bids = tmp_path / "bids"
    write_sample(bids, subjects=[SUBJECT], voxel_size=3.0)
    found = []
    for name in ("first", "second"):
        command = [sys.executable, "-m", "bidsapp.cli.main", bids, tmp_path / name, "participant", "group"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append(digests(tmp_path / name))

    folder, jobs = submit(bids, tmp_path / "slurm", subjects=("--mem", "4G"))
    follow(jobs)
    assert state_of(tmp_path / "slurm", SUBJECT, "01") == "done", logs_of(folder)
    assert any(name.endswith("_desc-preproc_T1w.nii.gz") for name in found[0])
    assert found[0] == found[1] == digests(tmp_path / "slurm")
