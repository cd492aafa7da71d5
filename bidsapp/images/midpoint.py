"""Align the sessions of a subject in a space that favours none of them, so that change can be measured.

Resampling one session and not the other makes false atrophy (Reuter 2012, NeuroImage 61:1402); here every
session moves, each by its share of the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from bidsapp.images.transforms import LINEAR_DECIMALS, matrix_exp, matrix_log
from bidsapp.images.volume import Grid

Matrix = NDArray[np.float64]
_ITERATIONS = 20
_TOLERANCE = 1e-9


def midpoint(pairs: Mapping[tuple[int, int], Matrix]) -> list[Matrix]:
    """Find the unbiased middle of several sessions from their pairwise rigid alignments.

    Parameters
    ----------
    pairs
        For each ordered pair ``(i, j)`` of ``0 .. n - 1`` the 4x4 matrix from points of session ``i`` to
        points of session ``j``, RAS millimetres. Where both directions are given, the mean of one and
        the inverse of the other is taken, so that no direction is favoured.

    Returns
    -------
    to_midpoint
        For each session the 4x4 matrix from its points to points of the midpoint. With two sessions it is
        half of the way; renumbering the sessions renumbers the result and changes nothing else. Rounded
        (`bidsapp.images.transforms.LINEAR_DECIMALS`).

    Raises
    ------
    ValueError
        A pair is missing.
    """
    count = 1 + max(max(pair) for pair in pairs)
    between = {(i, j): _symmetric(pairs, i, j) for i, j in permutations(range(count), 2)}
    poses = [
        matrix_exp(sum((matrix_log(between[i, j]) for j in range(count) if j != i), np.zeros((4, 4))) / count)
        for i in range(count)
    ]
    for _ in range(_ITERATIONS if count > 2 else 0):
        steps = [
            sum(
                (
                    matrix_log(poses[j] @ between[i, j] @ np.linalg.inv(poses[i]))
                    for j in range(count)
                    if j != i
                ),
                np.zeros((4, 4)),
            )
            / count
            for i in range(count)
        ]
        poses = [matrix_exp(step) @ pose for step, pose in zip(steps, poses, strict=True)]
        if max(float(np.abs(step).max()) for step in steps) < _TOLERANCE:
            break
    return [np.round(pose, LINEAR_DECIMALS) for pose in poses]


def register_pairs(count: int, register: Callable[[int, int], Matrix]) -> dict[tuple[int, int], Matrix]:
    """Call ``register(i, j)``, points of ``i`` to points of ``j``, for all ordered pairs."""
    return {(i, j): register(i, j) for i, j in permutations(range(count), 2)}


def midpoint_grid(grids: Sequence[Grid], to_midpoint: Sequence[Matrix], *, voxel_size: float = 1.0) -> Grid:
    """Give a grid along right, anterior, superior that holds the field of view of every session.

    Parameters
    ----------
    grids
        Of the sessions, in any order as long as it is that of ``to_midpoint``.
    voxel_size
        Millimetres, cubic.
    """
    corners = np.concatenate(
        [
            (_corners(grid) @ matrix[:3, :3].T) + matrix[:3, 3]
            for grid, matrix in zip(grids, to_midpoint, strict=True)
        ]
    )
    low = np.floor(corners.min(axis=0) / voxel_size) * voxel_size
    counts = np.ceil((corners.max(axis=0) - low) / voxel_size).astype(int) + 1
    affine = np.diag([voxel_size, voxel_size, voxel_size, 1.0])
    affine[:3, 3] = low
    return Grid((int(counts[0]), int(counts[1]), int(counts[2])), affine)


def _symmetric(pairs: Mapping[tuple[int, int], Matrix], i: int, j: int) -> Matrix:
    found: list[Matrix] = [pairs[i, j]] if (i, j) in pairs else []
    found += [np.asarray(np.linalg.inv(pairs[j, i]))] if (j, i) in pairs else []
    if not found:
        raise ValueError(f"no alignment between sessions {i} and {j}")
    return matrix_exp(sum((matrix_log(m) for m in found), np.zeros((4, 4))) / len(found))


def _corners(grid: Grid) -> NDArray[np.float64]:
    ends = np.array(np.meshgrid(*[(0, n - 1) for n in grid.shape])).reshape(3, -1).T
    return np.asarray(ends @ grid.affine[:3, :3].T + grid.affine[:3, 3], dtype=np.float64)
