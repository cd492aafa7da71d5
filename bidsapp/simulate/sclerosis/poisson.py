"""Gradient-domain editing of volumes: new voxels take given differences and join what is around them.

The values ``u`` inside minimise the sum over neighbours ``(u_p - u_q - v_pq)^2``, with known values held: the
Poisson equation with Dirichlet borders of Pérez et al. 2003 (doi:10.1145/882262.882269) in three dimensions.
Neighbours that are neither inside nor known take no part (Neumann border), so that the fluid beside a lesion
does not leak into it.
"""

from __future__ import annotations

from types import EllipsisType

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import cg

from bidsapp.errors import UsageError
from bidsapp.simulate.fields import Array

Mask = NDArray[np.bool_]
Index = tuple[EllipsisType | slice, ...]

TOLERANCE = 1e-5
STEPS = 500


def differences(images: Array, valid: Mask) -> Array:
    """Give the differences to the next voxel along each axis, 0 where one of the two is not valid.

    Parameters
    ----------
    images
        Shape ``(channels, x, y, z)``.
    valid
        Shape ``(x, y, z)``.

    Returns
    -------
    numpy.ndarray
        Next minus this, shape ``(3, channels, x, y, z)``; 0 in the last voxel of the axis.
    """
    guide = np.zeros((3, *images.shape), dtype=np.float32)
    for axis in range(3):
        this, following = _pair(axis)
        both = valid[this] & valid[following]
        guide[axis][this] = (images[following] - images[this]) * both
    return guide


def stronger(first: Array, second: Array) -> Array:
    """Take from two fields of differences the larger one at each place (mixed gradients)."""
    mixed: Array = np.where(np.abs(first) >= np.abs(second), first, second)
    return mixed


def solve(images: Array, guide: Array, inside: Mask, known: Mask) -> Array:
    """Replace the voxels inside by those that follow the guide and join the known ones.

    Parameters
    ----------
    images
        Shape ``(channels, x, y, z)``.
    guide
        Wanted differences, see `differences`; zeros give the harmonic interpolation.
    inside
        Voxels to replace, shape ``(x, y, z)``.
    known
        Voxels whose values hold; those also inside are replaced.

    Raises
    ------
    UsageError
        Some of the voxels inside are not connected to a known one: nothing says what their level is.
    """
    known = known & ~inside
    if np.any(inside & ~reached(inside, known)):
        raise UsageError("a hole without any known voxel beside it cannot be filled; leave it as it is.")
    solved = images.astype(np.float32)
    if not inside.any():
        return solved
    matrix, right = _equations(images, guide, inside, known)
    scale = sparse.diags_array(1 / matrix.diagonal())
    for channel, side in zip(solved, right, strict=True):
        values, unfinished = cg(matrix, side, rtol=TOLERANCE, maxiter=STEPS, M=scale)
        assert unfinished == 0, "conjugate gradients did not converge"
        channel[inside] = values
    return solved


def reached(inside: Mask, known: Mask) -> Mask:
    """Give the parts of ``inside`` that have a known voxel as a neighbour (6-connected)."""
    labels, _ = ndimage.label(inside)
    beside = np.unique(labels[inside & ndimage.binary_dilation(known & ~inside)])
    joined: Mask = inside & np.isin(labels, beside)
    return joined


def _pair(axis: int) -> tuple[Index, Index]:
    """Index the voxels that have a next one along a spatial axis, and these next ones."""
    every = slice(None)
    this, following = [every] * 3, [every] * 3
    this[axis], following[axis] = slice(None, -1), slice(1, None)
    return (..., *this), (..., *following)


def _equations(
    images: Array, guide: Array, inside: Mask, known: Mask
) -> tuple[sparse.csr_array, NDArray[np.float64]]:
    """One equation for each voxel inside: matrix and, for each channel, the right-hand side."""
    number = np.full(inside.shape, -1, dtype=np.intp)
    size = int(inside.sum())
    number[inside] = np.arange(size)
    diagonal = np.zeros(size)
    right = np.zeros((len(images), size))
    rows, columns = [], []
    for axis in range(3):
        for sign, (here, there) in ((-1, _pair(axis)), (1, _pair(axis)[::-1])):
            wanted = sign * guide[axis][_pair(axis)[0]]  # u_here - u_there
            counts = inside[here] & (inside[there] | known[there])
            voxel, held = number[here][counts], known[there][counts]
            diagonal[voxel] += 1  # a voxel has one neighbour in each direction: no index twice
            right[:, voxel] += wanted[:, counts] + np.where(held, images[there][:, counts], 0)
            rows.append(voxel[~held])
            columns.append(number[there][counts][~held])
    row, column = np.concatenate(rows), np.concatenate(columns)
    off = sparse.coo_array((-np.ones(len(row)), (row, column)), shape=(size, size))
    return (off + sparse.diags_array(diagonal)).tocsr(), right
