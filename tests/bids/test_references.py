import pytest

from bidsapp.bids.references import add_references
from bidsapp.errors import NoInputError
from bidsapp.inputs import Inputs


@pytest.fixture
def manual(tmp_path):
    for name in (
        "sub-01/ses-1/anat/sub-01_ses-1_space-orig_label-L_desc-manual_mask.nii.gz",
        "sub-01/ses-1/anat/sub-01_ses-1_space-orig_label-L_desc-active_mask.nii.gz",
        "sub-01/ses-1/anat/sub-01_ses-1_desc-brain_mask.nii.gz",
        "sub-02/ses-1/anat/sub-02_ses-1_desc-brain_mask.nii.gz",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "dataset_description.json").write_text('{"Name": "manual", "BIDSVersion": "1.10.0"}')
    return tmp_path


def session(label):
    return Inputs(subject="01", session=label, images={})


def test_masks_of_the_session_are_found_by_kind(manual):
    found = add_references(session("1"), manual).references
    assert {kind: path.name for kind, path in found.items()} == {
        "brain": "sub-01_ses-1_desc-brain_mask.nii.gz",
        "lesion": "sub-01_ses-1_space-orig_label-L_desc-manual_mask.nii.gz",
    }
    assert add_references(session("2"), manual).references == {}


def test_a_mask_in_standard_space_is_not_compared_in_the_subject(manual):
    anat = manual / "sub-01" / "ses-1" / "anat"
    for kind in ("label-L_desc-manual", "desc-brain"):
        (anat / f"sub-01_ses-1_space-MNI152NLin2009cAsym_{kind}_mask.nii.gz").write_bytes(b"")
    found = add_references(session("1"), manual).references
    assert {path.name.split("_")[2] for path in found.values()} == {"space-orig", "desc-brain"}


def test_nothing_is_read_unless_asked_for(tmp_path):
    assert add_references(session("1"), None).references == {}
    with pytest.raises(NoInputError, match="--reference"):
        add_references(session("1"), tmp_path / "absent")
