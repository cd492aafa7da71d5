"""Subjects who have signals of regions and no image, from the command line to derivatives and scores."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bidsapp.bids.cohort import read_cohort
from bidsapp.cli.main import main
from bidsapp.layout import status_file
from bidsapp.status import RunStatus
from tests.ready_signals import SONG_2018, add_subject, resting_signals, write_dataset

VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")
FRAMES = 60


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Run one good subject, one whose sidecar lacks the timing, and one whose timing is of other frames."""
    folder = tmp_path_factory.mktemp("series")
    bids = write_dataset(folder / "bids", "participant_id\tage\nsub-one\t40\nsub-two\t50\nsub-three\t60\n")
    signals = resting_signals(0, FRAMES, len(SONG_2018))
    add_subject(bids, "one", signals, RepetitionTime=2.0)
    add_subject(bids, "two", signals)
    add_subject(
        bids, "three", signals, RepetitionTime=2.0, FrameTimesStart=[2.0 * i for i in range(FRAMES + 1)]
    )
    code = main(
        [str(bids), str(folder / "out"), "participant", "--analysis", "coma", "--skip-bids-validation"]
    )
    assert main([str(bids), str(folder / "out"), "group"]) == 0
    return folder / "out", code


def test_signals_alone_are_enough(done: tuple[Path, int]) -> None:
    out, _ = done
    status = RunStatus.read(status_file(out, "one", None))
    assert (status.state, status.error) == ("done", "")
    assert {step.name for step in status.steps} >= {"session_wf.take_signals", "session_wf.write_preproc"}
    table = out / "sub-one/func/sub-one_task-rest_desc-preproc_timeseries.tsv"
    assert table.read_text().startswith("DMN.aMPFC\tDMN.PCC\t")
    sidecar = json.loads(table.with_suffix(".json").read_text())
    assert sidecar["SamplingFrequency"] == 0.5
    assert sidecar["Sources"] == ["bids:raw:sub-one/func/sub-one_task-rest_timeseries.tsv"]


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("two", "no RepetitionTime or SamplingFrequency"),
        ("three", f"FrameTimesStart has {FRAMES + 1} entries for {FRAMES} frames"),
    ],
)
def test_a_table_whose_timing_is_wrong_fails_in_a_sentence(
    done: tuple[Path, int], subject: str, said: str
) -> None:
    out, code = done
    status = RunStatus.read(status_file(out, subject, None))
    assert status.state == "failed"
    assert said in status.error
    assert code == 1


def test_the_report_says_what_there_is(done: tuple[Path, int]) -> None:
    page = (done[0] / "sub-one.html").read_text()
    assert f"{FRAMES} frames (2.0 min) of 22 regions" in page
    assert "nothing was realigned" in page
    assert "Predicted CRS-R: 8.0" in page  # the packaged bundle is the median of its 50 patients


def test_the_predicted_score_is_in_beh_and_for_the_group_in_phenotype(done: tuple[Path, int]) -> None:
    out, _ = done
    beh = (out / "sub-one/beh/sub-one_task-crsr_desc-predicted_beh.tsv").read_text().splitlines()
    group = (out / "phenotype/crsrpredicted.tsv").read_text().splitlines()
    assert group == [f"participant_id\t{beh[0]}", f"sub-one\t{beh[1]}"]
    found = dict(zip(*(line.split("\t") for line in beh), strict=True))
    assert float(found["predicted_crs_r"]) == 8
    assert 0 <= float(found["lower"]) < 8 < float(found["upper"]) <= 23


def test_a_cohort_finds_the_signals_again(done: tuple[Path, int]) -> None:
    (member,) = read_cohort([done[0]]).members
    assert set(member.series) == {"bold"}
    assert not member.native
    assert member.series["bold"].with_suffix(".json").exists()
    assert member.covariates["age"] == 40
    assert not any("predicted" in name for name in member.covariates)


@pytest.mark.skipif(not VALIDATOR.exists(), reason="bids-validator-deno is not installed")
def test_derivatives_are_valid(done: tuple[Path, int]) -> None:
    told = subprocess.run([VALIDATOR, "--json", done[0]], capture_output=True, text=True, check=False)
    issues = json.loads(told.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []
