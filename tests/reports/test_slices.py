import numpy as np
import pytest

from bidsapp.reports.slices import (
    Box,
    Cut,
    Volume,
    content_cuts,
    even_cuts,
    pixel_of,
    profile,
    sample,
    shape_of,
    world_box,
)

BOX = Box((-20.0, -30.0, -10.0), (20.0, 30.0, 10.0))


def spot(point: tuple[float, float, float], affine: np.ndarray, shape: tuple[int, int, int]) -> Volume:
    """A Gaussian spot at a point in world space, on any grid."""
    voxels = np.stack(np.meshgrid(*(np.arange(size) for size in shape), indexing="ij")).reshape(3, -1)
    world = affine[:3, :3] @ voxels + affine[:3, 3:]
    distance = ((world - np.array(point)[:, None]) ** 2).sum(axis=0)
    return Volume(np.exp(-distance / 18).reshape(shape).astype(np.float32), affine)


def grid(signs: tuple[int, int, int], size: float, angle: float = 0.0) -> np.ndarray:
    affine = np.eye(4)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    affine[:3, :3] = turn @ np.diag(np.array(signs) * size)
    affine[:3, 3] = -affine[:3, :3] @ (np.array([60, 60, 40]) / size / 2)
    return affine


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize(("signs", "angle"), [((1, 1, 1), 0.0), ((-1, 1, 1), 0.0), ((-1, -1, 1), 0.3)])
def test_a_point_appears_where_the_world_says_on_every_grid(plane, signs, angle) -> None:
    point = (8.0, -12.0, 3.0)
    affine = grid(signs, 1.0, angle)
    volume = spot(point, affine, (61, 61, 41))
    cut = Cut(plane, point["xyz".index({"axial": "z", "coronal": "y", "sagittal": "x"}[plane])])
    picture = sample(volume, cut, BOX, 1.0)
    row, column = np.unravel_index(picture.argmax(), picture.shape)
    expected = pixel_of(cut, BOX, 1.0, point)
    assert (column + 0.5, row + 0.5) == pytest.approx(expected, abs=1.0)


def test_the_subjects_right_is_on_the_left_and_the_front_on_top() -> None:
    cut = Cut("axial", 0.0)
    right_front, left_back = pixel_of(cut, BOX, 1.0, (15, 25, 0)), pixel_of(cut, BOX, 1.0, (-15, -25, 0))
    assert right_front[0] < left_back[0]
    assert right_front[1] < left_back[1]


def test_shape_follows_the_box_and_the_pixel() -> None:
    assert shape_of(BOX, "axial", 2.0) == (30, 20)
    assert shape_of(BOX, "sagittal", 2.0) == (10, 30)


def test_box_of_a_mask_is_its_extent_in_millimetres() -> None:
    mask = np.zeros((10, 10, 10), bool)
    mask[2:5, 3, 4:8] = True
    affine = np.diag([-2.0, 1.0, 3.0, 1.0])
    box = world_box(mask, affine, margin=1.0)
    assert box == Box((-9.0, 2.0, 11.0), (-3.0, 4.0, 22.0))
    assert world_box(np.zeros((3, 3, 3), bool), affine, margin=1.0) is None


def test_slices_go_where_the_content_is() -> None:
    mask = np.zeros((40, 60, 20), bool)
    mask[20, 30, 15:17] = True
    affine = np.eye(4)
    affine[:3, 3] = (-20, -30, -10)
    weights, origin = profile(mask, affine, BOX, "axial")
    assert weights.sum() == 2
    assert {cut.position for cut in content_cuts(weights, origin, 1.0, "axial", 6)} == {5.0, 6.0}
    assert content_cuts(np.zeros(5), 0.0, 1.0, "axial", 3) == ()


def test_even_cuts_lie_inside() -> None:
    positions = [cut.position for cut in even_cuts(BOX, "coronal", 5)]
    assert positions == sorted(positions)
    assert -30 < positions[0] < positions[-1] < 30
    assert even_cuts(BOX, "sagittal", 1)[0].position == 0.0
