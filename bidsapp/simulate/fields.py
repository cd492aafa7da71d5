"""Smooth random fields and diffeomorphisms: what makes one simulated head differ from the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float32]


def smooth_field(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Array:
    """Draw a stationary Gaussian random field of zero mean and unit standard deviation.

    Parameters
    ----------
    shape : tuple of int
        Shape of the field, in voxels.
    sigma : float
        Standard deviation of the Gaussian that smooths white noise, in voxels.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        Field of ``shape``, float32.
    """
    white = rng.standard_normal(shape, dtype=np.float32)
    field: Array = ndimage.gaussian_filter(white, sigma, mode="wrap")
    field -= field.mean()
    field /= field.std()
    return field


def diffeomorphism(velocity: Array, steps: int = 6) -> Array:
    """Integrate a stationary velocity field by scaling and squaring.

    Parameters
    ----------
    velocity : numpy.ndarray
        Velocity, shape ``(3, x, y, z)``, in voxels of its own grid.
    steps : int
        Number of squarings; the field is divided by ``2 ** steps`` first.

    Returns
    -------
    numpy.ndarray
        Displacement of ``exp(velocity)``, shape ``(3, x, y, z)``, in voxels.

    Notes
    -----
    Arsigny et al., MICCAI 2006, doi:10.1007/11866565_113.
    """
    grid = np.indices(velocity.shape[1:], dtype=np.float32)
    displacement = velocity / np.float32(2**steps)
    for _ in range(steps):
        moved = grid + displacement
        displacement = displacement + np.stack(
            [ndimage.map_coordinates(axis, moved, order=1, mode="nearest") for axis in displacement]
        )
    return displacement


def upsample(coarse: Array, shape: tuple[int, int, int], stride: int) -> Array:
    """Interpolate a coarse 3-D array linearly onto a grid ``stride`` times finer.

    Voxel ``i`` of ``coarse`` lies on voxel ``i * stride`` of the fine grid, which must not
    reach beyond the last coarse voxel.
    """
    fine = coarse
    for axis, size in enumerate(shape):
        position = np.arange(size, dtype=np.float64) / stride
        low = np.minimum(position.astype(np.intp), fine.shape[axis] - 2)
        weight = (position - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        fine = (1 - weight) * fine.take(low, axis) + weight * fine.take(low + 1, axis)
    return fine
