import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidsapp.bids.dataset import is_own
from bidsapp.bids.masks import add_masks, none_active
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import NoInputError
from bidsapp.images.volume import Volume, write_volume

LESION = "sub-01/ses-1/anat/sub-01_ses-1_space-T1w_label-L_mask.nii.gz"


def dataset(folder: Path, *names: str, maker: str = "a person") -> Path:
    """Write masks of one voxel under these names."""
    for name in names:
        write_volume(folder / name, Volume(np.ones((2, 2, 2), np.float32), np.eye(4)), dtype=np.uint8)
    folder.mkdir(exist_ok=True)
    content = {"Name": "x", "BIDSVersion": "1.10.0", "DatasetType": "derivative"}
    (folder / "dataset_description.json").write_text(
        json.dumps({**content, "GeneratedBy": [{"Name": maker}]})
    )
    return folder


@pytest.fixture
def cohort() -> Cohort:
    return Cohort(tuple(Member(subject=subject, session="1") for subject in ("01", "02")))


def test_a_session_gets_its_masks_by_kind(cohort, tmp_path):
    active = LESION.replace("label-L", "label-L_desc-active")
    folder = dataset(tmp_path / "manual", LESION, active)
    first, second = add_masks(cohort, [folder]).members
    assert first.native == {"lesion": folder / LESION, "active": folder / active}
    assert not second.native


def test_what_is_in_standard_space_of_another_kind_or_of_another_session_is_no_mask_of_it(cohort, tmp_path):
    folder = dataset(
        tmp_path / "manual",
        LESION.replace("space-T1w", "space-MNI152NLin2009cAsym"),
        LESION.replace("label-L", "desc-brain"),
        LESION.replace("ses-1", "ses-2"),
    )
    assert add_masks(cohort, [folder]) == cohort


def test_of_two_datasets_the_first_one_counts_and_images_stay(cohort, tmp_path):
    folders = [dataset(tmp_path / name, LESION) for name in ("b", "a")]
    with_image = Cohort((replace(cohort.members[0], native={"T1w": Path("x")}),))
    (member,) = add_masks(with_image, folders).members
    assert member.native == {"T1w": Path("x"), "lesion": folders[0] / LESION}


def test_a_folder_that_is_not_there_is_named(cohort, tmp_path):
    with pytest.raises(NoInputError, match="--reference"):
        add_masks(cohort, [tmp_path / "nothing"])


def test_own_results_are_told_from_manual_masks(tmp_path):
    assert is_own(dataset(tmp_path / "own", maker="bidsapp"))
    assert not is_own(dataset(tmp_path / "manual", maker="bidsapp-sample"))
    assert not is_own(tmp_path)


@pytest.mark.parametrize(
    ("count", "none"), [(0, True), (0.0, True), ("0", True), (2.0, False), (None, False)]
)
def test_the_tables_may_say_that_no_lesion_enhances(count, none):
    covariates = {} if count is None else {"gadolinium_lesions": count}
    assert none_active(Member(subject="01", covariates=covariates)) is none
