"""What an image holds in each region of an atlas, and how well two label maps agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.images.volume import Volume


@dataclass(frozen=True)
class RegionStatistics:
    """Statistics of one region: voxel count, volume (ml), mean and standard deviation (n - 1)."""

    index: int
    count: int
    volume_ml: float
    mean: float
    sd: float


def region_statistics(
    volume: Volume, labels: Volume, *, mask: Volume | None = None
) -> list[RegionStatistics]:
    """Describe ``volume`` in every label above 0.

    Parameters
    ----------
    volume
        Image.
    labels
        Integer labels on the same grid.
    mask
        Where given, only voxels inside it count.

    Returns
    -------
    statistics
        One row for each label of the map, in order; labels that the mask empties have count 0 and NaN.
    """
    index = np.rint(labels.data).astype(np.int64).ravel()
    names = np.unique(index)
    values = volume.data.ravel().astype(np.float64)
    if mask is not None:
        inside = mask.data.ravel() > 0.5
        index, values = index[inside], values[inside]
    place = np.searchsorted(names, index)
    counts = np.bincount(place, minlength=names.size)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.bincount(place, values, minlength=names.size) / counts
        spread = np.bincount(place, (values - means[place]) ** 2, minlength=names.size) / (counts - 1)
    return [
        RegionStatistics(
            index=int(name),
            count=int(counts[i]),
            volume_ml=float(counts[i] * labels.voxel_volume),
            mean=float(means[i]),
            sd=float(np.sqrt(spread[i])) if counts[i] > 1 else float("nan"),
        )
        for i, name in enumerate(names)
        if name > 0
    ]


def dice(first: NDArray[np.generic], second: NDArray[np.generic]) -> float:
    """Give 2|A and B| / (|A| + |B|) of two masks (Dice 1945); 1 where both are empty."""
    a, b = np.asarray(first) > 0.5, np.asarray(second) > 0.5
    total = int(a.sum()) + int(b.sum())
    return 1.0 if total == 0 else 2.0 * int((a & b).sum()) / total


def label_dice(first: NDArray[np.integer], second: NDArray[np.integer]) -> dict[int, float]:
    """Give the Dice overlap of each label above 0 that either map holds."""
    size = int(max(first.max(), second.max())) + 1
    counts_a = np.bincount(first.ravel(), minlength=size)
    counts_b = np.bincount(second.ravel(), minlength=size)
    both = np.bincount(first[first == second].ravel(), minlength=size)
    held = np.flatnonzero(counts_a + counts_b)
    return {int(n): float(2 * both[n] / (counts_a[n] + counts_b[n])) for n in held if n > 0}
