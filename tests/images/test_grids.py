import numpy as np
import pytest

from bidsapp.images.grids import crop_to_mask, isotropic_grid, resample, to_closest_ras, unshear
from bidsapp.images.transforms import matrix_to_itk
from bidsapp.images.volume import Grid, Volume


def ramp(shape=(12, 14, 16), affine=None) -> Volume:
    """Give the image whose value is the x + 2 y + 3 z of its RAS position."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0]) if affine is None else affine
    ijk = np.moveaxis(np.indices(shape), 0, -1)
    ras = ijk @ affine[:3, :3].T + affine[:3, 3]
    return Volume((ras @ [1.0, 2.0, 3.0]).astype(np.float32), affine)


def test_a_linear_image_is_resampled_exactly():
    volume = ramp()
    grid = Grid((5, 5, 5), np.diag([1.3, 1.1, 0.9, 1.0]) + np.array([[0, 0, 0, 4.0]] * 3 + [[0] * 4]))
    sampled = resample(volume, grid)
    np.testing.assert_allclose(sampled.data, ramp((5, 5, 5), grid.affine).data, atol=1e-4)


def test_a_transform_maps_points_of_the_grid_to_points_of_the_volume():
    volume = ramp()
    shift = np.eye(4)
    shift[:3, 3] = [2.0, 0.0, 0.0]
    grid = Grid((4, 4, 4), np.diag([1.0, 1.0, 1.0, 1.0]) + np.array([[0, 0, 0, 6.0]] * 3 + [[0] * 4]))
    moved = resample(volume, grid, transform=matrix_to_itk(shift))
    np.testing.assert_allclose(moved.data, ramp((4, 4, 4), grid.affine).data + 2.0, atol=1e-4)


def test_labels_stay_labels():
    labels = ramp().with_data((np.random.default_rng(0).random((12, 14, 16)) * 5).astype(int))
    sampled = resample(labels, isotropic_grid(labels.grid, 0.7), interpolation="nearest")
    assert set(np.unique(sampled.data)) <= set(np.unique(labels.data)) | {0.0}


def test_reorientation_moves_no_value_in_the_world():
    affine = np.array([[0, 0, -2.0, 40], [2.0, 0, 0, -30], [0, -2.0, 0, 20], [0, 0, 0, 1]])
    turned = to_closest_ras(ramp(affine=affine))
    assert (np.diag(turned.affine)[:3] > 0).all()
    np.testing.assert_allclose(turned.data, ramp(turned.data.shape, turned.affine).data, atol=1e-4)


def test_a_cubic_grid_covers_the_same_field_of_view():
    grid = Grid((100, 100, 20), np.diag([0.9, 0.9, 6.0, 1.0]))
    cubic = isotropic_grid(grid, 1.0)
    assert cubic.shape == (90, 90, 120)
    centre = [
        a @ np.append((np.asarray(s) - 1) / 2, 1) for s, a in ((g.shape, g.affine) for g in (grid, cubic))
    ]
    np.testing.assert_allclose(centre[0], centre[1])


def test_smoothing_before_going_coarse_removes_stripes():
    stripes = np.zeros((40, 40, 40), dtype=np.float32)
    stripes[::2] = 1.0
    volume = Volume(stripes, np.eye(4))
    coarse = resample(volume, isotropic_grid(volume.grid, 4.0)).data[2:-2, 2:-2, 2:-2]
    aliased = resample(volume, Grid((18, 18, 18), np.diag([2.0, 2, 2, 1])), antialias=False).data
    assert np.abs(coarse - 0.5).max() < 0.02
    assert aliased.max() == 1.0


def test_cropping_keeps_places_and_the_margin():
    volume = ramp((30, 30, 30))
    mask = volume.with_data(np.zeros((30, 30, 30)))
    mask.data[10:15, 11:16, 12:17] = 1
    cut = crop_to_mask(volume, mask, margin=4.0)
    assert cut.data.shape == (9, 9, 9)
    np.testing.assert_allclose(cut.data, ramp((9, 9, 9), cut.affine).data)


def test_a_sheared_image_is_made_rectangular():
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[0, 1] = 0.4
    straight = unshear(ramp(affine=affine))
    columns = straight.affine[:3, :3] / np.linalg.norm(straight.affine[:3, :3], axis=0)
    np.testing.assert_allclose(columns.T @ columns, np.eye(3), atol=1e-9)
    expected = ramp(straight.data.shape, straight.affine).data
    inside = straight.data != 0
    assert inside.mean() > 0.5
    assert np.median(np.abs(straight.data - expected)[inside]) < 0.05


def test_grids_are_the_same_within_a_micrometre():
    grid = Grid((3, 3, 3), np.eye(4))
    assert grid.same_as(Grid((3, 3, 3), np.eye(4) + 1e-6))
    assert not grid.same_as(Grid((3, 3, 4), np.eye(4)))
    assert grid.voxel_size == pytest.approx([1, 1, 1])
