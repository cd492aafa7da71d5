"""Bring intensities of different scanners onto one scale; MR has no unit of its own."""

from __future__ import annotations

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume


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
