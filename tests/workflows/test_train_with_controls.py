"""``train --analysis coma --controls``: healthy people beside the patients, from the table to the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from bidsapp.bids.sink import write_findings
from bidsapp.bundle import Bundle
from bidsapp.cli.main import main
from bidsapp.errors import ExitCode
from bidsapp.findings import Findings, Map
from tests.ready_signals import REPETITION, resting_signals, write_dataset

REGIONS = ("DMN.a", "DMN.b", "SN.a", "SN.b")
FRAMES = 60
RECIPE = 'models = ["median"]\npermutations = 0\nresamples = 100\nrepeats = 1\nfolds = 2\ninner_folds = 2\n'
PEOPLE = {f"p{number:02d}": "patient" for number in range(21)} | {f"c{n:02d}": "control" for n in range(10)}


def preprocess(out: Path, label: str, seed: int, group: str) -> None:
    """Write the signals of one person as preprocessing does; in controls all regions go together."""
    values = resting_signals(seed, FRAMES, len(REGIONS))
    if group == "control":
        values += 0.2 * resting_signals(500 + seed, FRAMES, 1) / 0.1
    path = out.parent / f"{label}.tsv"
    rows = ["\t".join(REGIONS), *("\t".join(f"{value:.5f}" for value in row) for row in values)]
    path.write_text("\n".join(rows) + "\n")
    timing = {
        "FrameTimesStart": (REPETITION * np.arange(FRAMES)).tolist(),
        "FrameDuration": [REPETITION] * FRAMES,
    }
    series = Map(
        path=path,
        suffix="timeseries",
        title="",
        entities={"task": "rest", "desc": "preproc"},
        datatype="func",
        extension=".tsv",
        metadata=timing,
    )
    found = Findings(analysis="preproc", title="", subject=label, session=None, summary="", maps=(series,))
    write_findings(found, None, out)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dataset of 21 patients with scores and ten controls without, preprocessed."""
    rows = [
        f"sub-{label}\t{group}\t{number if group == 'patient' else 'n/a'}"
        for number, (label, group) in enumerate(PEOPLE.items())
    ]
    write_dataset(tmp_path / "bids", "\n".join(["participant_id\tgroup\tcrs_r", *rows]) + "\n")
    for seed, (label, group) in enumerate(PEOPLE.items()):
        preprocess(tmp_path / "out", label, seed, group)
    (tmp_path / "quick.toml").write_text(RECIPE)
    return tmp_path


def train(folder: Path, *words: str, target: str = "crs_r") -> int:
    base = [str(folder / "bids"), str(folder / "out"), "train", "--analysis", "coma", "--target", target]
    return main([*base, "--recipe", str(folder / "quick.toml"), "--device", "cpu", *words])


def test_the_command_line_trains_on_patients_with_controls_beside_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(folder, "--controls", "group == 'control'", "--dry-run") == ExitCode.OK
    assert "coma on 21 subjects and 10 healthy controls" in capsys.readouterr().out
    assert train(folder, "--controls", "group == 'control'") == ExitCode.OK
    metadata = Bundle.read(folder / "out" / "bundles" / "coma").metadata
    assert metadata["patients"] == 21
    facts = metadata["healthy_controls"]
    assert isinstance(facts, Mapping)
    assert facts["people"] == 10
    assert facts["used"]


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        (
            "group == 'control' or crs_r == 20",
            ExitCode.BAD_DATA,
            "sub-p20 is named by --controls and has a value",
        ),
        ("group == 'patient'", ExitCode.NOTHING_SELECTED, "leaves nobody to learn the target from"),
        (
            "group in ['patient', 'control']",
            ExitCode.NOTHING_SELECTED,
            "leaves nobody to learn the target from",
        ),
        ("group == 'volunteer'", ExitCode.NOTHING_SELECTED, "fits none of 31"),
    ],
)
def test_a_query_that_names_patients_ends_with_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], query: str, code: ExitCode, said: str
) -> None:
    assert train(folder, "--controls", query) == code
    assert said in capsys.readouterr().err


def test_a_control_with_an_exam_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bids" / "phenotype").mkdir()
    rows = [f"sub-{label}\t23" for label in PEOPLE if label == "c03" or label.startswith("p")]
    table = "\n".join(["participant_id\ttotal", *rows]) + "\n"
    (folder / "bids" / "phenotype" / "crsr.tsv").write_text(table)
    assert train(folder, "--controls", "group == 'control'", target="crsr") == ExitCode.BAD_DATA
    assert "sub-c03 is named by --controls and has a value in column 'crsr'" in capsys.readouterr().err
