"""Bring intensities of different scanners onto one scale; MR has no unit of its own."""

from __future__ import annotations

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume

_MAD_TO_SD = 1.4826


def scale_by_percentiles(volume: Volume, mask: Volume, *, low: float = 1.0, high: float = 99.0) -> Volume:
    """Map the ``low`` and ``high`` percentiles inside the mask linearly to 0 and 1, without clipping."""
    bottom, top = np.percentile(_inside(volume, mask), [low, high])
    if top <= bottom:
        raise BadDataError("the image is constant inside the brain mask.")
    return volume.with_data((volume.data - bottom) / (top - bottom))


def winsorise(volume: Volume, *, low: float = 0.5, high: float = 99.5) -> Volume:
    """Clip at two percentiles of the whole image, so that a few bright voxels do not spend the histogram."""
    bottom, top = np.percentile(volume.data, [low, high])
    return volume.with_data(np.clip(volume.data, bottom, top))


def scale_to_tissue(
    volume: Volume, probability: Volume, *, threshold: float = 0.9, value: float = 1.0
) -> tuple[Volume, float]:
    """Divide so that the median over sure voxels of a tissue becomes ``value``.

    White matter is the most even tissue in every contrast, which makes its median the least noisy anchor
    (Shinohara 2014, NeuroImage Clin 6:9).

    Parameters
    ----------
    volume
        Bias-corrected image.
    probability
        Tissue probability on the same grid.
    threshold
        Voxels above it count; where fewer than 50 do, the 50 most probable ones.

    Returns
    -------
    volume, scale
        The scaled image, and the intensity that became ``value``.

    Raises
    ------
    BadDataError
        The tissue is absent, or its median is not positive.
    """
    chosen = probability.data > threshold
    if int(chosen.sum()) < 50:
        cut = float(np.partition(probability.data.ravel(), -50)[-50])
        chosen = probability.data >= max(cut, 1e-3)
    if not chosen.any():
        raise BadDataError("no white matter was found; look at the image and exclude it.")
    scale = float(np.median(volume.data[chosen]))
    if scale <= 0:
        raise BadDataError(f"white matter is dark (median {scale:.3g}); look at the image and exclude it.")
    return volume.with_data(volume.data * (value / scale)), scale


def robust_z(volume: Volume, mask: Volume) -> Volume:
    """Subtract the median and divide by 1.4826 MAD, both inside the mask; 0 outside."""
    inside = _inside(volume, mask)
    centre = np.median(inside)
    spread = _MAD_TO_SD * np.median(np.abs(inside - centre))
    if spread <= 0:
        raise BadDataError("the image is constant inside the brain mask.")
    return volume.with_data(np.where(mask.data > 0.5, (volume.data - centre) / spread, 0.0))


def _inside(volume: Volume, mask: Volume) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    inside = volume.data[mask.data > 0.5]
    if inside.size == 0:
        raise BadDataError("the brain mask is empty.")
    return inside
