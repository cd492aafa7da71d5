"""Largest and mean value around each voxel: axis by axis, which is what makes them fast on a CPU."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import avg_pool3d, max_pool3d


def largest_around(volume: Tensor, size: int) -> Tensor:
    """Give the largest value in the cube of ``size`` voxels (odd) around each voxel, shape ``(x, y, z)``."""
    pooled = volume[None, None]
    for axis in range(3):
        kernel, padding = _along(axis, size)
        pooled = max_pool3d(pooled, kernel, stride=1, padding=padding)
    return pooled[0, 0]


def mean_around(volume: Tensor, size: int) -> Tensor:
    """Give the mean in the cube of ``size`` voxels (odd) around each voxel; beyond the edges is 0."""
    pooled = volume[None, None]
    for axis in range(3):
        kernel, padding = _along(axis, size)
        pooled = avg_pool3d(pooled, kernel, stride=1, padding=padding)
    return pooled[0, 0]


def _along(axis: int, size: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    kernel = [size if a == axis else 1 for a in range(3)]
    padding = [size // 2 if a == axis else 0 for a in range(3)]
    return (kernel[0], kernel[1], kernel[2]), (padding[0], padding[1], padding[2])
