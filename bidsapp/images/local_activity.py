"""Local measures of BOLD at rest: how strong a voxel fluctuates, and how alike its neighbours do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats

ALFF_BAND = (0.01, 0.08)
"""Hertz (Zang 2007)."""
_FEWEST_NEIGHBOURS = 7


def alff(
    signals: NDArray[np.floating], repetition: float, *, band: tuple[float, float] = ALFF_BAND
) -> NDArray[np.float64]:
    """Give the amplitude of low-frequency fluctuations: mean amplitude of the spectrum within a band.

    Zang 2007 (Brain Dev 29:83). A sine of amplitude A at one of n frequencies of the band gives A / n.

    Parameters
    ----------
    signals
        Shape ``(t, voxels)``; confounds regressed, not filtered.
    repetition
        Seconds between frames.
    band
        Hertz.

    Returns
    -------
    amplitude
        Shape ``(voxels,)``, in the unit of the signals; NaN where the scan is too short for the band.
    """
    frequencies = np.fft.rfftfreq(len(signals), repetition)
    within = (frequencies >= band[0]) & (frequencies <= band[1])
    if not within.any():
        return np.full(signals.shape[1], np.nan)
    centred = signals - signals.mean(axis=0)
    spectrum = np.abs(np.fft.rfft(centred, axis=0)[within]) * (2.0 / len(signals))
    return np.asarray(spectrum.mean(axis=0), dtype=np.float64)


def reho(signals: NDArray[np.floating], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    r"""Give regional homogeneity: Kendall's W of a voxel and its neighbours (Zang 2004, NeuroImage 22:394).

    :math:`W = 12 \sum_t (R_t - \bar R)^2 / (k^2 (n^3 - n))` with :math:`R_t` the sum of the ranks of
    ``k`` voxels at time ``t`` of ``n``. Neighbours outside of the mask do not count; voxels with fewer
    than 7 in all are 0.

    Parameters
    ----------
    signals
        Shape ``(t, voxels of the mask)``, band-passed, in the order of ``array[mask]``.
    mask
        Shape ``(x, y, z)``.

    Returns
    -------
    homogeneity
        Shape ``(x, y, z)``, 0 to 1.
    """
    frames = len(signals)
    ranks = stats.rankdata(signals, axis=0).astype(np.float32)
    count = _around(mask.astype(np.float32))
    middle = count * (frames + 1) / 2
    squares = np.zeros(mask.shape, dtype=np.float64)
    placed = np.zeros(mask.shape, dtype=np.float32)
    for row in ranks:
        placed[mask] = row
        squares += (_around(placed) - middle) ** 2
    usable = mask & (count >= _FEWEST_NEIGHBOURS - 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        agreement = 12 * squares / (count.astype(np.float64) ** 2 * (float(frames) ** 3 - frames))
    return np.where(usable, agreement, 0.0).astype(np.float32)


def _around(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum each voxel and its 26 neighbours; beyond the edge of the image there is nothing."""
    summed = values
    for axis in range(3):
        summed = ndimage.correlate1d(summed, [1.0, 1.0, 1.0], axis=axis, mode="constant")
    return np.asarray(summed, dtype=np.float32)
