"""Filter files in fMRIPrep's form select what they would there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bidsapp.bids.filters import read_filters
from bidsapp.bids.query import find_inputs
from bidsapp.errors import BadDataError, NoInputError

FILES = {
    "sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz": None,
    "sub-01/ses-a/anat/sub-01_ses-a_acq-mprage_rec-norm_T1w.nii.gz": None,
    "sub-01/ses-a/anat/sub-01_ses-a_acq-mprage_T1w.nii.gz": None,
    "sub-01/ses-a/anat/sub-01_ses-a_acq-mprage_T1w.json": {"EchoTime": 0.004},
    "sub-01/ses-a/anat/sub-01_ses-a_acq-fast_run-2_T1w.nii.gz": None,
    "sub-01/ses-a/anat/sub-01_ses-a_acq-fast_ce-gadolinium_T1w.nii.gz": None,
}


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ({"acquisition": None}, "sub-01_ses-a_T1w.nii.gz"),
        ({"acq": "mprage", "rec": None}, "sub-01_ses-a_acq-mprage_T1w.nii.gz"),
        ({"acquisition": "mprage", "reconstruction": "*"}, "sub-01_ses-a_acq-mprage_rec-norm_T1w.nii.gz"),
        ({"acquisition": ["fast", "none"]}, "sub-01_ses-a_acq-fast_run-2_T1w.nii.gz"),
        ({"run": 2}, "sub-01_ses-a_acq-fast_run-2_T1w.nii.gz"),
        ({"EchoTime": 0.004}, "sub-01_ses-a_acq-mprage_T1w.nii.gz"),
        ({"acquisition": "^f", "regex_search": True}, "sub-01_ses-a_acq-fast_run-2_T1w.nii.gz"),
        ({"session": "a", "run": 2}, "sub-01_ses-a_acq-fast_run-2_T1w.nii.gz"),
        ({"session": ["b"]}, None),
        ({"session": None}, None),
        ({"acquisition": "nowhere"}, None),
    ],
)
def test_values_are_labels_lists_null_or_a_star(make_raw, wanted, name):
    settings = replace(make_raw(FILES), bids_filters={"T1w": wanted})
    images = find_inputs(settings, "01", "a").images
    assert (images["T1w"].path.name if "T1w" in images else None) == name
    assert images["ce-gadolinium_T1w"].entities["ce"] == "gadolinium"


def test_a_filter_of_the_contrast_agent_modality_leaves_the_plain_one_alone(make_raw):
    settings = replace(make_raw(FILES), bids_filters={"ce-gadolinium_T1w": {"acquisition": "mprage"}})
    assert set(find_inputs(settings, "01", "a").images) == {"T1w"}


def test_keys_are_read_whatever_their_case_and_those_of_other_programs_pass(tmp_path):
    path = tmp_path / "filter.json"
    content = {"t1w": {"acq": "x"}, "FLAIR": {"run": [1]}, "bold": {"task": "rest"}, "sbref": {}}
    path.write_text(json.dumps(content), encoding="utf-8-sig")
    assert read_filters(path) == {
        "T1w": {"acquisition": "x"},
        "FLAIR": {"run": [1]},
        "bold": {"task": "rest"},
    }


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"t1w": 3}', '{"t1": {}}', '{"t1w": {"acquisitoin": "x"}}', "\udc80"]
)
def test_a_broken_file_is_refused(tmp_path, content):
    path = tmp_path / "filter.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadDataError):
        read_filters(path)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(NoInputError, match="check --bids-filter-file"):
        read_filters(tmp_path / "filter.json")
