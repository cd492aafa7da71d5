"""A subject who has signals of regions and no image, by the command line, to derivatives and back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bidsapp.bids.cohort import read_cohort
from bidsapp.cli.main import main
from bidsapp.layout import status_file
from bidsapp.status import RunStatus

VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")


def write_dataset(root: Path) -> Path:
    """Write a dataset of one subject: 40 frames of three regions; another's sidecar lacks the timing."""
    root.mkdir()
    description = {"Name": "SIMULATED: signals alone", "BIDSVersion": "1.10.0", "DatasetType": "raw"}
    (root / "dataset_description.json").write_text(json.dumps(description))
    (root / "participants.tsv").write_text("participant_id\tage\nsub-one\t40\nsub-two\t50\n")
    signals = np.random.default_rng(0).normal(size=(40, 3)).round(4)
    for label, sidecar in (
        ("one", {"RepetitionTime": 2.0, "TaskName": "rest"}),
        ("two", {"TaskName": "rest"}),
    ):
        folder = root / f"sub-{label}" / "func"
        folder.mkdir(parents=True)
        stem = folder / f"sub-{label}_task-rest_timeseries"
        lines = ["PCC\tDMN.aMPFC\tM1", *("\t".join(map(str, row)) for row in signals)]
        stem.with_suffix(".tsv").write_text("\n".join(lines) + "\n")
        stem.with_suffix(".json").write_text(json.dumps(sidecar))
    return root


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    folder = tmp_path_factory.mktemp("series")
    bids = write_dataset(folder / "bids")
    code = main([str(bids), str(folder / "out"), "participant", "--skip-bids-validation"])
    return folder / "out", code


def test_signals_alone_are_enough(done: tuple[Path, int]) -> None:
    out, _ = done
    status = RunStatus.read(status_file(out, "one", None))
    assert (status.state, status.error) == ("done", "")
    assert {step.name for step in status.steps} >= {"session_wf.take_signals", "session_wf.write_preproc"}
    table = out / "sub-one/func/sub-one_task-rest_desc-preproc_timeseries.tsv"
    assert table.read_text().startswith("PCC\tDMN.aMPFC\tM1\n")
    sidecar = json.loads(table.with_suffix(".json").read_text())
    assert sidecar["SamplingFrequency"] == 0.5
    assert sidecar["Sources"] == ["bids:raw:sub-one/func/sub-one_task-rest_timeseries.tsv"]


def test_a_table_without_timing_fails_in_a_sentence(done: tuple[Path, int]) -> None:
    out, code = done
    status = RunStatus.read(status_file(out, "two", None))
    assert status.state == "failed"
    assert "no RepetitionTime or SamplingFrequency" in status.error
    assert code != 0


def test_the_report_says_what_there_is(done: tuple[Path, int]) -> None:
    page = (done[0] / "sub-one.html").read_text()
    assert "40 frames (1.3 min) of 3 regions" in page
    assert "nothing was realigned" in page


def test_a_cohort_finds_the_signals_again(done: tuple[Path, int]) -> None:
    (member,) = read_cohort([done[0]]).members
    assert set(member.series) == {"bold"}
    assert not member.native
    assert member.series["bold"].with_suffix(".json").exists()
    assert member.covariates["age"] == 40


@pytest.mark.skipif(not VALIDATOR.exists(), reason="bids-validator-deno is not installed")
def test_derivatives_are_valid(done: tuple[Path, int]) -> None:
    told = subprocess.run([VALIDATOR, "--json", done[0]], capture_output=True, text=True, check=False)
    issues = json.loads(told.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []
