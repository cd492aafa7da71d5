"""The fine grain of normal-appearing white matter: noise and structure that a filled hole must show too.

Blocks of the residual (image minus its local mean) are copied from random places and overlapped, so that
the grain keeps its strength, most of its autocorrelation and its correlation between contrasts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.errors import BadDataError
from bidsapp.simulate.fields import Array

Mask = NDArray[np.bool_]

BLOCK = 8
LOCAL_SIGMA = 2.0
FEWEST_BLOCKS = 20


@dataclass(frozen=True, eq=False)
class Texture:
    """Residuals, shape ``(channels, x, y, z)``, and the first voxels of the blocks to copy, ``(n, 3)``."""

    residual: Array
    corners: NDArray[np.intp]


def local_mean(images: Array, normal: Mask, sigma: float = LOCAL_SIGMA) -> Array:
    """Smooth within a mask (normalised convolution); 0 further than 3 ``sigma`` voxels from it.

    Parameters
    ----------
    images
        Shape ``(channels, x, y, z)``.
    normal
        Voxels that count, shape ``(x, y, z)``.
    sigma
        Standard deviation of the Gaussian in voxels.
    """
    weight = ndimage.gaussian_filter(normal.astype(np.float32), sigma, truncate=3)
    sums = [ndimage.gaussian_filter(image * normal, sigma, truncate=3) for image in images]
    mean: Array = np.stack(sums) / np.maximum(weight, np.float32(1e-6))
    return mean


def texture_of(images: Array, normal: Mask) -> Texture:
    """Take the texture of normal-appearing white matter.

    Blocks lie wholly in ``normal``; where fewer than 20 do, the fullest are taken, and what a block
    lacks is 0.

    Raises
    ------
    BadDataError
        There is no white matter, or the grid is smaller than a block.
    """
    if not normal.any() or min(normal.shape) < BLOCK:
        raise BadDataError(
            f"normal-appearing white matter is missing, or the grid is smaller than {BLOCK} voxels; "
            "check the labels of tissue."
        )
    residual = (images - local_mean(images, normal)) * normal
    share = ndimage.uniform_filter(normal.astype(np.float32), BLOCK, mode="constant")
    half = BLOCK // 2
    share = share[
        tuple(slice(half, size - half + 1) for size in normal.shape)
    ]  # by the first voxel of a block
    fewest = min(FEWEST_BLOCKS, share.size)
    least = min(0.999, float(np.partition(share.ravel(), -fewest)[-fewest]))
    return Texture(residual.astype(np.float32), np.argwhere(share >= least))


def draw_texture(rng: np.random.Generator, texture: Texture, shape: tuple[int, ...]) -> Array:
    """Draw the residual of a box of white matter, shape ``(channels, *shape)``.

    Blocks overlap by half with Hann windows; the sum is divided by the root of the sum of squared windows, so
    that independent blocks add up to the variance of one.
    """
    half = BLOCK // 2
    padded = tuple(half * (-(-size // half) + 2) for size in shape)
    channels = len(texture.residual)
    total, power = np.zeros((channels, *padded), np.float32), np.zeros(padded, np.float32)
    window = _window()
    for start in np.ndindex(*(size // half - 1 for size in padded)):
        x, y, z = texture.corners[rng.integers(len(texture.corners))]
        block = texture.residual[:, x : x + BLOCK, y : y + BLOCK, z : z + BLOCK]
        place = tuple(slice(half * at, half * at + BLOCK) for at in start)
        total[(slice(None), *place)] += window * block
        power[place] += window**2
    kept = tuple(slice(half, half + size) for size in shape)
    drawn: Array = (total[(slice(None), *kept)] / np.sqrt(power[kept])).astype(np.float32)
    return drawn


def _window() -> Array:
    hann: Array = (np.sin(np.pi * (np.arange(BLOCK) + 0.5) / BLOCK) ** 2).astype(np.float32)
    window: Array = (hann[:, None, None] * hann[:, None] * hann).astype(np.float32)
    return window
