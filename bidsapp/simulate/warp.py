"""Random head poses and shapes: one sampling grid that moves a head's image and its labels alike."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate


def smooth_field(rng: np.random.Generator, channels: int, knots: int, shape: tuple[int, ...]) -> Tensor:
    """Draw smooth Gaussian noise.

    Parameters
    ----------
    rng
        Source of randomness.
    channels
        Independent fields.
    knots
        Random values along each axis, between which the field is linear.
    shape
        Spatial shape (three axes).

    Returns
    -------
    Tensor
        Shape ``(channels, *shape)``, standard deviation 1 at the knots.
    """
    coarse = torch.from_numpy(rng.standard_normal((1, channels, knots, knots, knots), dtype=np.float32))
    return interpolate(coarse, size=shape, mode="trilinear", align_corners=True)[0]


def random_matrix(rng: np.random.Generator, *, degrees: float, scale: float, shear: float) -> Tensor:
    """Draw a linear map with rotations up to ``degrees``, scales ``1 ± scale``, shears up to ``shear``."""
    angles = rng.uniform(-degrees, degrees, 3) * math.pi / 180
    rotation = np.eye(3)
    for axis, angle in enumerate(angles):
        turn = np.eye(3)
        first, second = (axis + 1) % 3, (axis + 2) % 3
        turn[first, first] = turn[second, second] = math.cos(angle)
        turn[first, second], turn[second, first] = -math.sin(angle), math.sin(angle)
        rotation = rotation @ turn
    isotropic = rng.uniform(1 - scale, 1 + scale)
    stretch = np.diag(isotropic * rng.uniform(1 - scale / 3, 1 + scale / 3, 3))
    shears = np.eye(3) + np.triu(rng.uniform(-shear, shear, (3, 3)), 1)
    return torch.from_numpy((rotation @ stretch @ shears).astype(np.float32))


def random_points(
    rng: np.random.Generator,
    size: tuple[int, int, int],
    centre: Tensor,
    *,
    spacing: float = 1.0,
    degrees: float = 20.0,
    scale: float = 0.15,
    shear: float = 0.08,
    elastic: float = 2.0,
) -> Tensor:
    """Draw where each voxel of a new volume of shape ``size`` comes from.

    Parameters
    ----------
    rng
        Source of randomness.
    size
        Shape of the new volume.
    centre
        Voxel of the head that falls on the middle of the new volume, shape ``(3,)``.
    spacing
        Voxel size of the new volume, in voxels of the head.
    degrees, scale, shear
        Extent of the linear part, see `random_matrix`.
    elastic
        Largest standard deviation of the elastic part, in voxels of the head.

    Returns
    -------
    Tensor
        Voxel coordinates in the head, shape ``(*size, 3)``.
    """
    axes = [torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in size]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1) * spacing
    points = grid @ random_matrix(rng, degrees=degrees, scale=scale, shear=shear).T + centre
    if elastic > 0:
        bend = smooth_field(rng, 3, int(rng.integers(4, 9)), size) * float(rng.uniform(0, elastic))
        points = points + bend.movedim(0, -1)
    return points


def whole_points(size: tuple[int, int, int], centre: Tensor) -> Tensor:
    """Place a new volume on whole voxels of the head, as near to ``centre`` as they are: a plain crop.

    Returns
    -------
    Tensor
        Voxel coordinates in the head, shape ``(*size, 3)``.
    """
    axes = [
        torch.arange(n, dtype=torch.float32) + torch.round(middle - (n - 1) / 2)
        for n, middle in zip(size, centre, strict=True)
    ]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)


def sample(volume: Tensor, points: Tensor, *, mode: str = "bilinear") -> Tensor:
    """Read a volume at voxel coordinates; outside it is 0.

    Parameters
    ----------
    volume
        Shape ``(x, y, z)``.
    points
        Voxel coordinates, shape ``(*size, 3)``.
    mode
        ``bilinear`` (linear in three dimensions) or ``nearest``.
    """
    extent = torch.tensor(volume.shape, dtype=torch.float32) - 1
    unit = (points / extent * 2 - 1).flip(-1)[None]
    return grid_sample(volume[None, None].float(), unit, mode=mode, align_corners=True)[0, 0]
