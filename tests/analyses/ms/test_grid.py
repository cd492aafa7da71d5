from dataclasses import replace

import numpy as np
import pytest

from bidsapp.analyses.ms.grid import MARGIN, read_images, read_mask, reference_name, work_space
from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume, read_volume, write_volume
from tests.analyses.ms.conftest import CENTRE, VOXELS


def test_the_working_grid_is_a_box_of_1_mm_around_the_brain(patient):
    space = work_space(patient)
    assert np.allclose(space.grid.affine[:3, :3], np.eye(3))
    found = np.argwhere(space.mask.data > 0)
    assert (found.min(axis=0) <= MARGIN).all()
    assert (np.array(space.grid.shape) - found.max(axis=0) - 1 <= MARGIN).all()
    assert np.allclose(found.mean(axis=0) + space.grid.affine[:3, 3], CENTRE, atol=0.1)
    assert space.native.shape == VOXELS


def test_a_mask_keeps_its_place_and_volume_on_the_way_there_and_back(patient):
    space = work_space(patient)
    mask = read_volume(patient.native["mask"])
    back = space.back(space.bring(mask, labels=True), labels=True)
    both = (back.data > 0) & (mask.data > 0)
    assert 2 * both.sum() / ((back.data > 0).sum() + (mask.data > 0).sum()) > 0.97
    assert np.allclose(back.affine, mask.affine)


def test_axes_of_the_native_grid_may_run_anyhow(patient, tmp_path):
    """Stored towards left, superior, posterior with 2 mm slices: the same voxels on the same working grid."""
    turned = {}
    for key in ("mask", "FLAIR"):
        volume = read_volume(patient.native[key])
        order = volume.data[::-1, ::-1].transpose(0, 2, 1)
        affine = volume.affine @ np.array(
            [[-1, 0, 0, VOXELS[0] - 1], [0, 0, -1, VOXELS[1] - 1], [0, 1, 0, 0], [0, 0, 0, 1.0]]
        )
        turned[key] = write_volume(tmp_path / f"{key}.nii.gz", Volume(np.ascontiguousarray(order), affine))
    straight, other = work_space(patient), work_space(replace(patient, native=turned))
    assert other.grid.same_as(straight.grid)
    images = [
        read_images(member, space)["FLAIR"].data
        for member, space in ((patient, straight), (replace(patient, native=turned), other))
    ]
    assert np.allclose(*images, atol=1e-4)


def test_the_reference_is_the_contrast_of_first_rank(patient):
    assert reference_name(patient) == "T1w"
    without = {key: path for key, path in patient.native.items() if key != "T1w"}
    assert reference_name(replace(patient, native=without)) == "FLAIR"


def test_a_session_without_mask_brain_or_contrast_is_named(patient, tmp_path):
    with pytest.raises(BadDataError, match="sub-p1 has no brain mask"):
        work_space(replace(patient, native={}))
    mask = read_volume(patient.native["mask"])
    empty = write_volume(tmp_path / "mask.nii.gz", mask.with_data(np.zeros(VOXELS)))
    with pytest.raises(BadDataError, match="mask of sub-p1 is empty"):
        work_space(replace(patient, native={"mask": empty}))
    post_alone = replace(patient, native={"mask": patient.native["mask"]})
    with pytest.raises(BadDataError, match="sub-p1 has none of T1w, T2w, FLAIR, PDw"):
        read_images(post_alone, work_space(post_alone))


def test_a_manual_mask_may_have_a_fourth_axis_and_shares_of_voxels(tmp_path):
    import nibabel as nib

    data = np.zeros((10, 10, 10, 1), dtype=np.float32)
    data[2, 3, 4], data[5, 5, 5] = 0.7, 0.3
    image = nib.Nifti1Image(data, np.diag([12.0, 12.0, 12.0, 1.0]))
    nib.save(image, tmp_path / "mask.nii.gz")
    assert np.argwhere(read_mask(tmp_path / "mask.nii.gz").data).tolist() == [[2, 3, 4]]
