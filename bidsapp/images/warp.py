"""Displacement fields: Jacobian, repair of folds, inverse."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.images.volume import Grid

Field = NDArray[np.float64]
_FLOOR = 0.02
_ROUNDS = 30
_INVERSE_STEP = 0.01


def jacobian_determinant(field: Field, grid: Grid) -> NDArray[np.float64]:
    """Give the Jacobian determinant of ``x + u(x)``.

    Parameters
    ----------
    field
        Shape ``(x, y, z, 3)``, displacement in RAS millimetres.
    grid
        Where it is sampled.

    Returns
    -------
    determinant
        Shape ``(x, y, z)``, by central differences; 1 where nothing moves, at or below 0 where it folds.
        (ITK's own filter leaves out the direction of the axes and is wrong on RAS grids.)
    """
    to_voxel = np.linalg.inv(grid.affine[:3, :3])
    slopes: list[NDArray[np.float64]] = [np.asarray(np.gradient(field, axis=k)) for k in range(3)]
    along = np.stack(slopes, axis=-1)
    return np.asarray(np.linalg.det(np.eye(3) + along @ to_voxel))


def unfold(field: Field, grid: Grid) -> tuple[Field, int]:
    """Smooth a field around the voxels where its determinant is below 0.02, until there are none.

    A stationary velocity field has no folds, its sampled exponential may have a few. The rest of the
    field stays bit for bit.

    Returns
    -------
    field, repaired
        The mended field, and the number of voxels that were below the floor at first.
    """
    first = 0
    reach = ndimage.generate_binary_structure(3, 3)
    for round_ in range(_ROUNDS):
        low = jacobian_determinant(field, grid) < _FLOOR
        if round_ == 0:
            first = int(low.sum())
        if not low.any():
            break
        near = ndimage.binary_dilation(low, reach, iterations=2 + round_ // 5)
        smooth = np.stack(
            [ndimage.gaussian_filter(field[..., k], 1.0, truncate=3.0) for k in range(3)], axis=-1
        )
        field = np.where(near[..., np.newaxis], smooth, field)
    return field, first


def invert(field: Field, grid: Grid, *, guess: Field, rounds: int = 8) -> Field:
    """Invert a field without folds by fixed-point iteration from a guess (Chen 2008, Med Phys 35:81).

    Parameters
    ----------
    field
        Shape ``(x, y, z, 3)``, RAS millimetres on ``grid``.
    guess
        An inverse of nearly this field.
    rounds
        Iterations; it ends sooner where no voxel moves by more than 0.01 mm.

    Returns
    -------
    inverse
        ``v`` with ``v(x) = -u(x + v(x))``.
    """
    index = np.indices(grid.shape, dtype=np.float64)
    to_voxel = np.linalg.inv(grid.affine[:3, :3])
    inverse = guess
    for _ in range(rounds):
        place = index + np.moveaxis(inverse @ to_voxel.T, -1, 0)
        parts = [ndimage.map_coordinates(field[..., k], place, order=1, mode="nearest") for k in range(3)]
        updated = -np.stack(parts, axis=-1)
        step = float(np.abs(updated - inverse).max())
        inverse = updated
        if step < _INVERSE_STEP:
            break
    return inverse


def field_from_itk(image: sitk.Image) -> Field:
    """Give the field, shape ``(x, y, z, 3)`` in RAS millimetres, of an ITK image of LPS vectors."""
    lps = sitk.GetArrayFromImage(image).astype(np.float64).transpose(2, 1, 0, 3)
    return np.ascontiguousarray(lps * np.array([-1.0, -1.0, 1.0]))
