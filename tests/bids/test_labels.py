"""A label map teaches the images whose grid it has, and no other."""

from __future__ import annotations

import pytest

from bidsapp.bids.labels import read_labelled_cohort
from bidsapp.errors import NoInputError, NothingSelectedError

FILES = {
    "sub-01/anat/sub-01_T1w.nii.gz": (40.0, 40.0, 40.0),
    "sub-01/anat/sub-01_T2w.nii.gz": (40.0, 40.0, 40.0),
    "sub-01/anat/sub-01_FLAIR.nii.gz": (20.0, 20.0, 40.0),
    "sub-02/ses-a/anat/sub-02_ses-a_T1w.nii.gz": (40.0, 40.0, 40.0),
    "sub-03/anat/sub-03_T1w.nii.gz": (40.0, 40.0, 40.0),
    "derivatives/drawn/sub-01/anat/sub-01_desc-brain_mask.nii.gz": (40.0, 40.0, 40.0),
    "derivatives/drawn/sub-01/anat/sub-01_space-FLAIR_desc-brain_mask.nii.gz": (20.0, 20.0, 40.0),
    "derivatives/drawn/sub-01/anat/sub-01_label-L_mask.nii.gz": (40.0, 40.0, 40.0),
    "derivatives/heads/sub-02/ses-a/anat/sub-02_ses-a_dseg.nii.gz": (40.0, 40.0, 40.0),
    "derivatives/heads/sub-03/anat/sub-03_dseg.nii.gz": (10.0, 40.0, 40.0),
}


def test_maps_and_images_are_paired_by_grid(make_raw):
    settings = make_raw(FILES)
    cohort = read_labelled_cohort(settings.bids_dir)
    assert [(member.name, set(member.native)) for member in cohort.members] == [
        ("sub-01", {"T1w", "T2w", "mask"}),
        ("sub-01", {"FLAIR", "mask"}),
        ("sub-02_ses-a", {"T1w", "dseg"}),
    ]
    only = read_labelled_cohort(
        settings.bids_dir, [settings.bids_dir / "derivatives/heads"], participant_label=["02"]
    )
    assert only.subjects == ("02",)


def test_a_subject_that_is_excluded_teaches_nothing(make_raw):
    settings = make_raw(FILES)
    left = read_labelled_cohort(settings.bids_dir, exclude_participant_label=["01"])
    assert left.subjects == ("02",)
    assert read_labelled_cohort(settings.bids_dir, session_label=["a"]).subjects == ("02",)


def test_a_dataset_without_label_maps_is_said(make_raw, tmp_path):
    settings = make_raw({"sub-01/anat/sub-01_T1w.nii.gz": None})
    with pytest.raises(NothingSelectedError, match="has a label map"):
        read_labelled_cohort(settings.bids_dir)
    with pytest.raises(NoInputError, match="check --derivatives"):
        read_labelled_cohort(settings.bids_dir, [tmp_path / "nowhere"])
