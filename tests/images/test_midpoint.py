import numpy as np
import pytest

from bidsapp.images.midpoint import midpoint, midpoint_grid, register_pairs
from bidsapp.images.transforms import matrix_exp, matrix_log
from bidsapp.images.volume import Grid

from .conftest import rigid_matrix

POSES = [
    rigid_matrix((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    rigid_matrix((5.0, -3.0, 8.0), (10.0, 2.0, -4.0)),
    rigid_matrix((-9.0, 4.0, 2.0), (-3.0, 15.0, 1.0)),
]


def between(poses):
    """Alignments of sessions whose head sits at ``poses``: points of i to points of j."""
    return register_pairs(len(poses), lambda i, j: poses[j] @ np.linalg.inv(poses[i]))


def test_two_sessions_meet_halfway():
    to_middle = midpoint(between(POSES[:2]))
    half = matrix_exp(matrix_log(POSES[1]) / 2)
    np.testing.assert_allclose(to_middle[0], half, atol=1e-9)
    np.testing.assert_allclose(to_middle[1], np.linalg.inv(half), atol=1e-9)


def test_every_session_arrives_at_the_same_place():
    to_middle = midpoint(between(POSES))
    arrived = [m @ p for m, p in zip(to_middle, POSES, strict=True)]
    np.testing.assert_allclose(arrived[1], arrived[0], atol=1e-6)
    np.testing.assert_allclose(arrived[2], arrived[0], atol=1e-6)


@pytest.mark.parametrize("order", [[1, 0], [2, 0, 1], [0, 2, 1]])
def test_the_order_of_sessions_does_not_matter(order):
    noise = np.random.default_rng(0)
    poses = POSES[: len(order)]
    pairs = {
        k: rigid_matrix(tuple(noise.normal(0, 0.3, 3)), tuple(noise.normal(0, 0.3, 3))) @ m
        for k, m in between(poses).items()
    }
    plain = midpoint(pairs)
    swapped = midpoint({(order.index(i), order.index(j)): m for (i, j), m in pairs.items()})
    for new, old in enumerate(order):
        np.testing.assert_allclose(swapped[new], plain[old], atol=1e-8)


def test_a_missing_pair_is_an_error():
    with pytest.raises(ValueError, match="no alignment"):
        midpoint({(0, 1): np.eye(4), (1, 2): np.eye(4)})


def test_the_grid_holds_every_session():
    grids = [Grid((10, 10, 10), np.diag([2.0, 2.0, 2.0, 1.0]))] * 2
    shift = np.eye(4)
    shift[0, 3] = 7.3
    grid = midpoint_grid(grids, [np.eye(4), shift])
    low, high = grid.affine[:3, 3], grid.affine[:3, 3] + np.asarray(grid.shape) - 1
    assert (low <= 0).all()
    assert (high >= [25.3, 18, 18]).all()
    np.testing.assert_allclose(grid.voxel_size, 1.0)
