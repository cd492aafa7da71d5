"""What a scanner does to a head: thick slices, few voxels, coil shading, noise, a cropped field of view."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv1d, interpolate, pad

from bidsapp.simulate.warp import smooth_field


def blur_axis(image: Tensor, sigma: float, axis: int) -> Tensor:
    """Blur along one axis with a Gaussian of ``sigma`` voxels; the last voxel goes on beyond the edge."""
    if sigma <= 0.05:
        return image
    radius = max(1, int(3 * sigma + 0.5))
    offsets = torch.arange(-radius, radius + 1, dtype=image.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    moved = image.movedim(axis, -1)
    rows = pad(moved.reshape(-1, 1, moved.shape[-1]), (radius, radius), mode="replicate")
    lines = conv1d(rows, (kernel / kernel.sum())[None, None])
    return lines.reshape(moved.shape).movedim(-1, axis)


def thicken(image: Tensor, factors: tuple[float, float, float]) -> Tensor:
    """Acquire at voxels ``factors`` times as large along each axis, then interpolate back."""
    shape = tuple(image.shape)
    coarse = image
    for axis, factor in enumerate(factors):
        # a slice profile of full width `factor` has about this standard deviation
        coarse = blur_axis(coarse, 0.35 * factor if factor > 1 else 0.0, axis)
    size = tuple(max(4, round(n / f)) for n, f in zip(shape, factors, strict=True))
    if size == shape:
        return coarse
    small = interpolate(coarse[None, None], size=size, mode="trilinear", align_corners=False)
    return interpolate(small, size=shape, mode="trilinear", align_corners=False)[0, 0]


def random_thickness(rng: np.random.Generator, voxel_size: float) -> tuple[float, float, float]:
    """Draw voxel sizes of a scan (in voxels of ``voxel_size`` mm): 3-D, or 2-D with slices of 2 to 6 mm."""
    factors = [1.0, 1.0, 1.0]
    if rng.random() < 0.6:
        axis = int(rng.choice(3, p=[0.2, 0.2, 0.6]))
        factors[axis] = max(1.0, float(rng.uniform(2, 6)) / voxel_size)
    elif rng.random() < 0.5:
        factors = [max(1.0, float(rng.uniform(1, 4)) / voxel_size)] * 3
    return factors[0], factors[1], factors[2]


def shade(rng: np.random.Generator, image: Tensor, strength: float) -> Tensor:
    """Multiply by a smooth positive field, as receive coils do."""
    field = smooth_field(rng, 1, int(rng.integers(2, 5)), tuple(image.shape))[0]
    return image * torch.exp(field * float(rng.uniform(0, strength)))


def add_noise(rng: np.random.Generator, image: Tensor, sigma: float) -> Tensor:
    """Add Rician noise of standard deviation ``sigma``."""
    real, imaginary = (
        torch.from_numpy(rng.standard_normal(tuple(image.shape), dtype=np.float32)) * sigma for _ in range(2)
    )
    return torch.hypot(image + real, imaginary)


def random_view(rng: np.random.Generator, shape: tuple[int, int, int]) -> Tensor:
    """Draw a field of view: true inside; one or two faces of the volume are cut off."""
    view = torch.ones(shape, dtype=torch.bool)
    for _ in range(int(rng.integers(1, 3))):
        axis = int(rng.choice(3, p=[0.15, 0.15, 0.7]))
        depth = int(rng.uniform(0, 0.35) * shape[axis])
        cut = view.movedim(axis, 0)
        if rng.random() < 0.6:
            cut[:depth] = False
        else:
            cut[shape[axis] - depth :] = False
    return view
