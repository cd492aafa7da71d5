"""Folders change places, with the kernel's help and without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bidsapp import folders
from bidsapp.folders import swap


@pytest.fixture(params=["at once", "three renames"])
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """Give two folders, with and without a file system that can exchange names."""
    if request.param == "three renames":
        monkeypatch.setattr(folders, "_swap_at_once", lambda *_: False)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "content").write_text(name)
    return tmp_path / "one", tmp_path / "other"


def contents(folder: Path) -> dict[str, str]:
    return {path.name: (path / "content").read_text() for path in folder.iterdir()}


def test_each_has_the_name_of_the_other_and_nothing_is_left(pair, tmp_path):
    swap(*pair)
    assert contents(tmp_path) == {"one": "other", "other": "one"}


def test_what_cannot_be_renamed_leaves_both_as_they_were(pair, tmp_path):
    with pytest.raises(OSError, match="absent"):
        swap(tmp_path / "absent", pair[1])
    assert contents(tmp_path) == {"one": "one", "other": "other"}


def test_on_linux_no_name_is_ever_missing(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("a rename of one folder alone leaves a gap")

    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "one" / "file").write_text("of one")
    monkeypatch.setattr(os, "replace", refuse)
    swap(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "other" / "file").read_text() == "of one"
