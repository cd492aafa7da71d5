from dataclasses import replace

import numpy as np
import pytest
import torch

from bidsapp.analyses.ms.channels import POST
from bidsapp.analyses.ms.grid import work_space
from bidsapp.analyses.ms.patients import examine_patient, read_patient
from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume, read_volume, write_volume
from tests.analyses.ms.conftest import LESION


def test_a_patient_has_images_and_masks_on_one_grid(make_member):
    member = make_member("full", contrasts=("T1w", "FLAIR", POST), masks=("lesion", "active"))
    seen = read_patient(member)
    assert set(seen.images) == {"T1w", "FLAIR"}
    assert seen.post is not None
    assert float(seen.post[seen.lesion].median()) == pytest.approx(1.3, abs=0.05)
    assert torch.equal(seen.lesion, seen.active)
    centre = torch.nonzero(seen.lesion).double().mean(0).numpy() + work_space(member).grid.affine[:3, 3]
    assert np.allclose(centre, LESION, atol=0.5)
    assert not seen.images["FLAIR"][~seen.brain].any()


def test_what_nobody_marked_is_not_known(make_member):
    seen = read_patient(make_member("bare"))
    assert (seen.lesion, seen.active, seen.post) == (None, None, None)


def test_that_no_lesion_enhances_is_known_from_the_tables_alone(patient):
    seen = read_patient(replace(patient, covariates={"gadolinium_lesions": 0.0}))
    assert seen.active is not None
    assert not seen.active.any()


def test_a_mask_of_another_shape_counts_by_its_place_in_the_world(patient, tmp_path):
    drawn = read_volume(patient.native["lesion"])
    affine = drawn.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [10, 5, 0]
    cut = write_volume(tmp_path / "cut.nii.gz", Volume(drawn.data[10:, 5:].copy(), affine))
    other = read_patient(replace(patient, native={**patient.native, "lesion": cut}))
    assert torch.equal(other.lesion, read_patient(patient).lesion)


def test_a_mask_that_was_drawn_elsewhere_is_named_with_its_subject(patient, tmp_path):
    drawn = read_volume(patient.native["lesion"])
    affine = drawn.affine.copy()
    affine[:3, 3] += (60, 0, 0)
    moved = write_volume(tmp_path / "moved.nii.gz", Volume(drawn.data, affine))
    with pytest.raises(BadDataError, match=r"Only 0% of .*moved\.nii\.gz lies in the brain of sub-p1; draw"):
        read_patient(replace(patient, native={**patient.native, "lesion": moved}))


def test_a_mask_of_two_dimensions_is_named(patient, tmp_path):
    import nibabel as nib

    path = tmp_path / "flat.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((96, 48), dtype=np.uint8), np.eye(4)), path)
    with pytest.raises(BadDataError, match=r"flat\.nii\.gz is two-dimensional"):
        read_patient(replace(patient, native={**patient.native, "lesion": path}))


def test_a_patient_without_lesions_teaches_that_there_are_none(patient, tmp_path):
    drawn = read_volume(patient.native["lesion"])
    empty = write_volume(tmp_path / "empty.nii.gz", drawn.with_data(np.zeros(drawn.data.shape)))
    seen = read_patient(replace(patient, native={**patient.native, "lesion": empty}))
    assert seen.lesion is not None
    assert not seen.lesion.any()


def test_an_example_where_every_voxel_is_itself_shows_the_patient(patient):
    seen = read_patient(patient)
    axes = [torch.arange(n, dtype=torch.float32) for n in seen.brain.shape]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    shown = examine_patient(np.random.default_rng(0), seen, points)
    assert torch.equal(shown.brain, seen.brain)
    assert torch.equal(shown.lesion, seen.lesion)
    assert shown.active is None
    assert shown.post is None
    flair = shown.images["FLAIR"]
    assert float(flair[seen.lesion].median()) > 1.2 * float(flair[seen.brain & ~seen.lesion].median())


def test_the_image_after_contrast_agent_changes_its_grey_values_with_the_t1w(make_member):
    """Outside of the lesions both images are the same: the change to be learned stays 0 there."""
    seen = read_patient(make_member("post", contrasts=("T1w", POST), masks=("lesion",)))
    same = replace(seen, post=seen.images["T1w"])
    axes = [torch.arange(n, dtype=torch.float32) for n in seen.brain.shape]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    plain = 0
    for seed in range(12):
        shown = examine_patient(np.random.default_rng(seed), same, points)
        gap = float((shown.post - shown.images["T1w"])[shown.brain].abs().median())
        scale = float((shown.images["T1w"] - seen.images["T1w"])[shown.brain].abs().median())
        plain += gap < 1e-5 < scale
    assert plain >= 3
