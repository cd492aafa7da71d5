"""Bedside scores that cannot be end a training by the command line: one sentence, and its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidsapp.cli.main import main
from bidsapp.errors import ExitCode
from bidsapp.findings import Findings
from tests.ready_signals import write_dataset

SUBSCALES = "auditory\tvisual\tmotor\toromotor\tcommunication\tarousal"


def train(folder: Path, target: str, participants: str = "participant_id\nsub-1\n", exams: str = "") -> int:
    """Train on one preprocessed subject with these tables."""
    bids = write_dataset(folder / "bids", participants)
    if exams:
        (bids / "phenotype").mkdir()
        (bids / "phenotype" / "crsr.tsv").write_text(exams)
    out = folder / "out"
    preproc = Findings(analysis="preproc", title="Preprocessing", subject="1", session=None, summary="")
    preproc.write(out / "logs" / "sub-1" / "findings-preproc.json")
    return main([str(bids), str(out), "train", "--analysis", "coma", "--target", target])


@pytest.mark.parametrize(
    ("exams", "said"),
    [
        ("participant_id\ttotal\nsub-1\t24\n", "is 24; correct it to a whole number from 0 to 23"),
        (
            f"participant_id\ttotal\t{SUBSCALES}\nsub-1\t10\t1\t1\t1\t1\t0\t1\n",
            "add up to 5, but the total is 10",
        ),
        (
            f"participant_id\t{SUBSCALES}\nsub-1\t1\t1\t7\t1\t0\t1\n",
            "is 7; correct it to a whole",
        ),
    ],
)
def test_exams_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], exams: str, said: str
) -> None:
    assert train(tmp_path, "crsr", exams=exams) == ExitCode.BAD_DATA
    told = capsys.readouterr().err
    assert said in told
    assert "sub-1 in row 2 of crsr.tsv" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("score", ["24", "-1", "high"])
def test_a_score_out_of_range_in_participants(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], score: str
) -> None:
    code = train(tmp_path, "crs_r", participants=f"participant_id\tcrs_r\nsub-1\t{score}\n")
    assert code == ExitCode.BAD_DATA
    told = capsys.readouterr().err
    assert "sub-1: column 'crs_r' holds" in told
    assert "not a number from 0 to 23" in told
    assert not (tmp_path / "out" / "bundles").exists()
