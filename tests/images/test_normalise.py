import numpy as np
import pytest
from scipy import ndimage

from bidsapp.errors import BadDataError
from bidsapp.images.grids import resample
from bidsapp.images.normalise import Channel, normalise
from bidsapp.images.quality import correlation
from bidsapp.images.regions import dice
from bidsapp.images.transforms import matrix_to_itk
from bidsapp.images.warp import invert, jacobian_determinant, unfold

from .conftest import make_head, rigid_matrix


def smooth_field(shape, size, seed=0):
    rng = np.random.default_rng(seed)
    parts = [ndimage.gaussian_filter(rng.standard_normal(shape), 4.0) for _ in range(3)]
    return np.stack([size * p / np.abs(p).max() for p in parts], axis=-1)


@pytest.fixture(scope="module")
def normalised():
    """Another head, tilted by 25 degrees and shifted, brought onto the first."""
    fixed = make_head(0)
    other = make_head(1)
    tilt = rigid_matrix((25.0, 5.0, -10.0), (12.0, 20.0, -15.0))
    moving = resample(other, other.grid, transform=matrix_to_itk(np.linalg.inv(tilt)))
    mask = moving.with_data(moving.data > 0.05)
    return fixed, moving, mask, normalise([Channel(fixed, moving)], mask, spacing=3.0, levels="40x20x0")


def test_a_tilted_head_is_found_and_fits(normalised):
    fixed, moving, mask, found = normalised
    warped = resample(moving, fixed.grid, transform=found.to_template())
    brain = fixed.with_data(fixed.data > 0.05)
    assert dice(warped.data > 0.05, brain.data) > 0.96
    assert correlation(warped, fixed, brain) > 0.7
    back = resample(fixed, moving.grid, transform=found.to_subject())
    assert dice(back.data > 0.05, mask.data) > 0.96


def test_nothing_folds(normalised):
    found = normalised[3]
    assert found.folded == 0
    assert found.folded == 0
    assert found.jacobian[0] > 0


def test_there_and_back_is_where_it_began(normalised):
    found = normalised[3]
    there, back = found.to_template(), found.to_subject()
    points = np.random.default_rng(0).uniform(-40, 40, (200, 3))
    ends = np.array([back.TransformPoint(there.TransformPoint(p)) for p in points.tolist()])
    assert np.linalg.norm(ends - points, axis=1).max() < 0.3


def test_the_same_seed_gives_the_same_warp(normalised):
    fixed, moving, mask, found = normalised
    again = normalise([Channel(fixed, moving)], mask, spacing=3.0, levels="40x20x0")
    np.testing.assert_array_equal(again.affine, found.affine)
    np.testing.assert_array_equal(again.warp, found.warp)
    np.testing.assert_array_equal(again.inverse, found.inverse)


def test_an_empty_mask_is_refused(normalised):
    fixed, moving, mask, _ = normalised
    with pytest.raises(BadDataError, match="empty"):
        normalise([Channel(fixed, moving)], mask.with_data(np.zeros(mask.data.shape)))


def test_the_determinant_of_a_scaling_is_its_volume_change(head):
    place = np.moveaxis(np.indices(head.data.shape), 0, -1) * 3.0
    determinant = jacobian_determinant(0.1 * place, head.grid)
    np.testing.assert_allclose(determinant[2:-2, 2:-2, 2:-2], 1.1**3, rtol=1e-5)


def test_folds_are_mended_where_they_are_and_nowhere_else(head):
    field = smooth_field(head.data.shape, 2.0)
    bad = field.copy()
    bad[30, 30, 30] += [9.0, 0.0, 0.0]
    assert jacobian_determinant(bad, head.grid).min() <= 0
    mended, count = unfold(bad, head.grid)
    assert count > 0
    assert jacobian_determinant(mended, head.grid).min() > 0
    np.testing.assert_array_equal(mended[:20], bad[:20])
    same, none = unfold(field, head.grid)
    assert none == 0
    np.testing.assert_array_equal(same, field)


def test_a_field_and_its_inverse_cancel(head):
    field = smooth_field(head.data.shape, 5.0)
    inverse = invert(field, head.grid, guess=-field, rounds=30)
    index = np.indices(head.data.shape, dtype=np.float64)
    place = index + np.moveaxis(inverse, -1, 0) / 3.0
    back = np.stack(
        [ndimage.map_coordinates(field[..., k], place, order=1, mode="nearest") for k in range(3)], axis=-1
    )
    assert np.abs(inverse + back).max() < 0.05
