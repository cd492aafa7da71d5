"""A skeleton dataset of three subjects, one with two sessions, and the command line on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bidsapp.cli.hpc.main import main


@pytest.fixture
def bids(tmp_path: Path) -> Path:
    folder = tmp_path / 'it\'s a "set" $(touch x)'
    for name in ("sub-01", "sub-02/ses-1", "sub-02/ses-2", "sub-03"):
        (folder / name / "anat").mkdir(parents=True)
        stem = name.replace("/", "_")
        (folder / name / "anat" / f"{stem}_T1w.nii.gz").write_bytes(b"x")
    description = {"Name": "three", "BIDSVersion": "1.10.0"}
    (folder / "dataset_description.json").write_text(json.dumps(description))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out put"


@pytest.fixture
def hpc(bids: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Give the program: exit code, and what it said on both streams."""

    def run(*words: str, levels: tuple[str, ...] = ("participant", "group")) -> tuple[int, str]:
        code = main([str(bids), str(out), *levels, *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run
