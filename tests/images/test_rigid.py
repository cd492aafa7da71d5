import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.images.grids import resample
from bidsapp.images.rigid import align_rigid
from bidsapp.images.transforms import matrix_to_itk, mean_displacement

from .conftest import rigid_matrix

TRUTH = rigid_matrix((6.0, -4.0, 8.0), (7.0, -5.0, 3.0))


def points(mask):
    return np.argwhere(mask.data > 0.5)[::50] @ mask.affine[:3, :3].T + mask.affine[:3, 3]


@pytest.mark.parametrize("masked", [True, False])
def test_a_known_motion_is_found_within_half_a_millimetre(head, brain_mask, masked):
    moving = resample(head, head.grid, transform=matrix_to_itk(np.linalg.inv(TRUTH)))
    found = align_rigid(head, moving, fixed_mask=brain_mask if masked else None)
    assert mean_displacement(found.matrix, TRUTH, points(brain_mask)) < 0.5
    assert found.mutual_information > 0.3


def test_contrast_does_not_matter(head, brain_mask):
    moved = resample(head, head.grid, transform=matrix_to_itk(np.linalg.inv(TRUTH)))
    inverted = moved.with_data(np.where(moved.data > 0.02, 1.3 - moved.data, 0.0))
    found = align_rigid(head, inverted, fixed_mask=brain_mask)
    assert mean_displacement(found.matrix, TRUTH, points(brain_mask)) < 0.7


def test_the_result_is_rigid_and_the_same_twice(head):
    moving = resample(head, head.grid, transform=matrix_to_itk(np.linalg.inv(TRUTH)))
    first, second = align_rigid(head, moving), align_rigid(head, moving)
    np.testing.assert_array_equal(first.matrix, second.matrix)
    np.testing.assert_allclose(first.matrix[:3, :3] @ first.matrix[:3, :3].T, np.eye(3), atol=1e-9)


def test_an_empty_mask_is_refused(head):
    with pytest.raises(BadDataError, match="mask is empty"):
        align_rigid(head, head, fixed_mask=head.with_data(np.zeros(head.data.shape)))
