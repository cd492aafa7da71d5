"""What the group and train levels would do is said beforehand, of the people that a run would take."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bidsapp.analyses import registry
from bidsapp.bids.sink import write_findings
from bidsapp.errors import NothingSelectedError, UsageError
from bidsapp.findings import Findings
from bidsapp.settings import Settings
from bidsapp.workflows.run import foresee


def settings_of(folder: Path, *levels: str, **more: object) -> Settings:
    return Settings(bids_dir=folder / "gone", output_dir=folder, levels=levels, **more)  # type: ignore[arg-type]


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    for subject, session in (("01", "a"), ("01", "b"), ("02", "a"), ("03", "a")):
        found = Findings(analysis="preproc", title="", subject=subject, session=session, summary="")
        write_findings(found, None, tmp_path)
    return tmp_path


def test_the_group_is_what_the_output_folder_holds(prepared: Path) -> None:
    assert foresee(settings_of(prepared, "group"), "group") == ["group: from 4 sessions of 3 subjects."]


def test_behind_the_participant_level_nothing_is_foreseen(prepared: Path) -> None:
    (line,) = foresee(settings_of(prepared, "participant", "train"), "train")
    assert line.startswith("train: after participant")


def test_a_training_without_a_name_is_a_usage_error(prepared: Path) -> None:
    with pytest.raises(UsageError, match="--analysis"):
        foresee(settings_of(prepared, "train"), "train")


def test_a_training_takes_whom_the_options_leave(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Path(registry.load("coma").recipe)
    model = SimpleNamespace(recipe=recipe, learns_from="derivatives")
    monkeypatch.setattr(registry, "load", lambda name: model)

    def said(**more: object) -> str:
        return foresee(settings_of(prepared, "train", analyses=("coma",), **more), "train")[0]

    assert said().startswith("train: coma on 3 subjects, to ")
    assert said(exclude_participant_label=("01",)).startswith("train: coma on 2 subjects, to ")
    assert said(session_label=("b",)).startswith("train: coma on 1 subject, to ")
    with pytest.raises(NothingSelectedError, match="sub-09 is not preprocessed"):
        said(participant_label=("09",))
