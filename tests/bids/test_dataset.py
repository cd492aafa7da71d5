"""What counts as a BIDS dataset, and what keeps the output one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bidsapp.bids.dataset import check_dataset, prepare_output
from bidsapp.errors import NoInputError, NotBidsError, UsageError

T1W = {"sub-01/anat/sub-01_T1w.nii.gz": None}


def test_a_valid_dataset_passes(make_raw):
    check_dataset(make_raw(T1W))


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"Name": "x"}', b"\xff\xfe", b""])
def test_an_invalid_description_is_not_bids_unless_validation_is_skipped(make_raw, content):
    settings = make_raw({"dataset_description.json": content})
    with pytest.raises(NotBidsError, match="dataset_description"):
        check_dataset(settings)
    check_dataset(replace(settings, skip_bids_validation=True))


def test_a_missing_description_or_folder_is_said(make_raw, tmp_path):
    settings = make_raw(T1W)
    (settings.bids_dir / "dataset_description.json").unlink()
    with pytest.raises(NotBidsError, match="has no dataset_description"):
        check_dataset(settings)
    with pytest.raises(NoInputError, match="does not exist"):
        check_dataset(replace(settings, bids_dir=tmp_path / "nowhere"))
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(NoInputError, match="not a folder"):
        check_dataset(replace(settings, bids_dir=file))
    check_dataset(replace(settings, bids_dir=tmp_path / "nowhere", levels=("group",)))


@pytest.mark.parametrize("inside", [".", "sub-01", "derivatives", "results", "sub-01/../results"])
def test_an_output_folder_that_mixes_with_the_input_is_refused(make_raw, inside):
    settings = make_raw(T1W)
    with pytest.raises(UsageError, match="input"):
        check_dataset(replace(settings, output_dir=settings.bids_dir / inside))


def test_a_link_to_the_input_is_seen_through(make_raw, tmp_path):
    settings = make_raw(T1W)
    (tmp_path / "link").symlink_to(settings.bids_dir)
    with pytest.raises(UsageError):
        check_dataset(replace(settings, output_dir=tmp_path / "link"))


def test_derivatives_of_the_input_and_sourcedata_of_the_output_are_right_places(make_raw, tmp_path):
    settings = make_raw(T1W)
    check_dataset(replace(settings, output_dir=settings.bids_dir / "derivatives" / "bidsapp"))
    (tmp_path / "out" / "sourcedata").mkdir(parents=True)
    moved = settings.bids_dir.rename(tmp_path / "out" / "sourcedata" / "raw")
    check_dataset(replace(settings, bids_dir=moved, output_dir=tmp_path / "out"))
    with pytest.raises(UsageError, match="Input"):
        check_dataset(replace(settings, bids_dir=moved, output_dir=tmp_path))
    with pytest.raises(UsageError, match="Work"):
        check_dataset(replace(settings, bids_dir=moved, work_dir=moved / "work"))


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_preparing_twice_changes_no_byte_and_leaves_no_other_file(make_raw, monkeypatch):
    monkeypatch.setenv("BIDSAPP_CONTAINER", "docker:bidsapp:0.1.0")
    settings = make_raw(T1W)
    prepare_output(settings.output_dir, settings, "0.1.0")
    first = _bytes(settings.output_dir)
    prepare_output(settings.output_dir, settings, "0.1.0")
    assert _bytes(settings.output_dir) == first
    content = json.loads(first["dataset_description.json"])
    assert content["GeneratedBy"][0]["Container"] == {"Type": "docker", "Tag": "bidsapp:0.1.0"}
    assert content["DatasetLinks"] == {"raw": "../raw"}
    assert "research use only" in first["README.md"].decode().lower()


def test_the_folder_of_another_program_is_refused(make_raw):
    settings = make_raw(T1W)
    settings.output_dir.mkdir()
    description = settings.output_dir / "dataset_description.json"
    description.write_text('{"Name": "x", "BIDSVersion": "1.9.0", "GeneratedBy": [{"Name": "fMRIPrep"}]}')
    with pytest.raises(UsageError, match="made by fMRIPrep"):
        prepare_output(settings.output_dir, settings, "0.1.0")


def test_an_empty_output_has_no_validator_errors(make_raw, bids_errors):
    settings = make_raw(T1W)
    prepare_output(settings.output_dir, settings, "0.1.0")
    assert bids_errors(settings.output_dir) == []


def test_every_label_of_a_description_is_explained(make_raw):
    settings = make_raw(T1W)
    prepare_output(settings.output_dir, settings, "1")
    told = set(re.findall(r"^desc-([a-z]+)\t", (settings.output_dir / "descriptions.tsv").read_text(), re.M))
    root = Path(__file__).parents[2]
    used = set(re.findall(r"_desc-([a-z]+)_", (root / "docs" / "outputs.md").read_text()))
    sources = [*(root / "bidsapp").rglob("*.py"), root / "bidsapp" / "data" / "outputs.json"]
    for path in sources:
        used |= set(re.findall(r'"desc": "([a-z]+)"', path.read_text()))
    assert used - {"template"} <= told  # the template lies among the figures of reports, outside of BIDS
