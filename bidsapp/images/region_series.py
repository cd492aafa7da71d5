"""Signals of regions over time: the mean of each region's voxels in each frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST_VOXELS = 5
"""A region of which fewer voxels are in the image has no signal."""


def region_series(
    signals: NDArray[np.floating], labels: NDArray[np.integer], wanted: list[int]
) -> NDArray[np.float64]:
    """Average signals within regions.

    Parameters
    ----------
    signals
        Shape ``(t, voxels)``.
    labels
        Shape ``(voxels,)``.
    wanted
        Labels, in the order of the columns that are given.

    Returns
    -------
    means
        Shape ``(t, len(wanted))``; NaN where fewer than 5 voxels have the label.
    """
    means = np.full((len(signals), len(wanted)), np.nan)
    for column, label in enumerate(wanted):
        voxels = np.flatnonzero(labels == label)
        if voxels.size >= FEWEST_VOXELS:
            means[:, column] = signals[:, voxels].mean(axis=1, dtype=np.float64)
    return means
