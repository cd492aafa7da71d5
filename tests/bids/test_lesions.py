"""Lesion masks of standard space are found beside the dataset, whoever made them but this program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bidsapp.bids.lesions import find_lesion

MASK = "anat/sub-01_space-MNI152NLin2009cAsym_label-L_mask.nii.gz"


def _write(root: Path, dataset: str, name: str, maker: str = "a person") -> Path:
    folder = root / "derivatives" / dataset
    path = folder / "sub-01" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    (folder / "dataset_description.json").write_text(json.dumps({"GeneratedBy": [{"Name": maker}]}))
    return path


def test_the_first_of_two_is_taken_and_said(tmp_path: Path) -> None:
    first = _write(tmp_path, "a", MASK)
    _write(tmp_path, "b", MASK.replace("label-L", "label-L_desc-second"))
    image, notes = find_lesion(tmp_path, "01", None)
    assert image is not None
    assert (image.path, image.modality) == (first, "lesion")
    assert dict(image.entities) == {"space": "MNI152NLin2009cAsym", "label": "L"}
    assert notes == [
        f"lesion: {first.name} was taken; not used: "
        "sub-01_space-MNI152NLin2009cAsym_label-L_desc-second_mask.nii.gz."
    ]


@pytest.mark.parametrize(
    ("name", "maker"),
    [
        (MASK, "bidsapp"),
        (MASK.replace("space-MNI152NLin2009cAsym", "space-T1w"), "a person"),
        (MASK.replace("label-L", "label-GM"), "a person"),
        (MASK.replace("label-L", "label-L_desc-active"), "a person"),
        ("ses-1/" + MASK.replace("sub-01", "sub-01_ses-1"), "a person"),
    ],
)
def test_other_masks_are_not_taken(tmp_path: Path, name: str, maker: str) -> None:
    _write(tmp_path, "a", name, maker)
    assert find_lesion(tmp_path, "01", None) == (None, [])


def test_a_session_has_its_own(tmp_path: Path) -> None:
    path = _write(tmp_path, "a", "ses-1/" + MASK.replace("sub-01", "sub-01_ses-1"))
    image, _ = find_lesion(tmp_path, "01", "1")
    assert image is not None
    assert image.path == path
