"""Masks on a coarser grid keep their volume, and each voxel its share."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.images.shares import share_on
from bidsapp.images.volume import Grid, Volume


def _grid(shape: tuple[int, int, int], size: float, origin: float) -> Grid:
    affine = np.diag([size, size, size, 1.0])
    affine[:3, 3] = origin
    return Grid(shape, affine)


def _mask(shape: tuple[int, int, int], grid: Grid, seed: int = 0) -> Volume:
    data = np.zeros(shape, dtype=np.float32)
    data[2:-2, 2:-2, 2:-2] = np.random.default_rng(seed).random([n - 4 for n in shape]) > 0.6
    return Volume(data, grid.affine)


def test_a_voxel_of_two_millimetres_is_the_mean_of_its_eight() -> None:
    fine = _grid((8, 8, 8), 1.0, 0.0)
    mask = _mask((8, 8, 8), fine)
    share = share_on(mask, _grid((4, 4, 4), 2.0, 0.5))
    blocks = mask.data.reshape(4, 2, 4, 2, 4, 2).mean(axis=(1, 3, 5))
    assert np.allclose(share.data, blocks, atol=1e-6)


@pytest.mark.parametrize("origin", [0.0, 0.3, 1.0])
def test_volume_is_kept_whatever_the_offset(origin: float) -> None:
    mask = _mask((9, 8, 10), _grid((9, 8, 10), 1.0, 0.0))
    share = share_on(mask, _grid((8, 8, 8), 2.0, origin - 2.0))
    assert share.data.sum() * 8 == pytest.approx(mask.data.sum(), rel=1e-5)
    assert share.data.max() <= 1 + 1e-6


def test_the_direction_of_the_axes_does_not_matter() -> None:
    mask = _mask((8, 8, 8), _grid((8, 8, 8), 1.0, 0.0))
    affine = mask.affine.copy()
    affine[0, 0], affine[0, 3] = -1.0, 7.0
    mirrored = Volume(np.ascontiguousarray(mask.data[::-1]), affine)
    grid = _grid((4, 4, 4), 2.0, 0.5)
    assert np.array_equal(share_on(mirrored, grid).data, share_on(mask, grid).data)


def test_an_empty_mask_is_empty_and_a_turned_one_is_refused() -> None:
    grid = _grid((4, 4, 4), 2.0, 0.0)
    empty = Volume(np.zeros((8, 8, 8), dtype=np.float32), np.eye(4))
    assert not share_on(empty, grid).data.any()
    turned = np.eye(4)
    turned[:2, :2] = [[0.9, -0.4], [0.4, 0.9]]
    with pytest.raises(BadDataError, match="turned against the axes"):
        share_on(Volume(empty.data, turned), grid)
