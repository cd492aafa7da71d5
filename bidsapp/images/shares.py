"""Masks on coarser grids: each voxel holds the share of it that lies in the mask, so volume is kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.errors import BadDataError
from bidsapp.images.grids import to_closest_ras
from bidsapp.images.volume import Grid, Volume

_ALONG = 1e-3  # mm of slant in a voxel


def share_on(mask: Volume, grid: Grid) -> Volume:
    """Give the share of each voxel of a grid that lies in a mask, by the overlap of the voxels.

    The shares times the volume of a voxel add up to the volume of the mask within the grid.

    Parameters
    ----------
    mask
        Values 0 to 1; voxels along the axes of the grid, of any size, direction and offset.
    grid
        Axes RAS.

    Raises
    ------
    BadDataError
        The mask is turned against the grid.
    """
    source = to_closest_ras(mask)
    slant = source.affine[:3, :3] - np.diag(np.diag(source.affine[:3, :3]))
    if np.abs(slant).max() > _ALONG:
        raise BadDataError("it is turned against the axes of standard space; resample it to that space.")
    weights = [_overlaps(_edges(source.grid, axis), _edges(grid, axis)) for axis in range(3)]
    box = ndimage.find_objects((source.data > 0).astype(np.uint8))
    if not box:
        return Volume(np.zeros(grid.shape, dtype=np.float32), grid.affine)
    cut = [weight[:, part] for weight, part in zip(weights, box[0], strict=True)]
    shares = np.einsum("xyz,ax,by,cz->abc", source.data[box[0]], *cut, optimize=True)
    return Volume(np.ascontiguousarray(shares, dtype=np.float32), grid.affine)


def _edges(grid: Grid, axis: int) -> NDArray[np.float64]:
    """Give the borders of the voxels along an axis in mm, shape (voxels + 1,)."""
    size = grid.voxel_size[axis]
    return np.asarray(grid.affine[axis, 3] + size * (np.arange(grid.shape[axis] + 1) - 0.5))


def _overlaps(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the share of each target interval within each source interval, shape (target, source)."""
    low = np.maximum(target[:-1, None], source[None, :-1])
    high = np.minimum(target[1:, None], source[None, 1:])
    return np.asarray(np.maximum(high - low, 0) / np.diff(target)[:, None])
