"""p-values that assume nothing but that a healthy subject could have been one of the controls.

Conformal p: the share of a set (the controls and the subject) that is at least as extreme (Vovk 2005,
Algorithmic Learning in a Random World). Controls are scored as left out, so all of the set are alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.oneclass.regression import Array, Matrix


def conformal_p(controls: NDArray[np.floating], value: float) -> float:
    """Give (1 + number of controls at or above ``value``) / (1 + number of controls)."""
    return float((1 + np.count_nonzero(controls >= value)) / (1 + controls.size))


def combined_p(controls: Matrix, values: Matrix) -> float:
    """Give the p of the best of several statistics, corrected for having looked at all of them.

    Each member of the set (controls and subject) has its p for every statistic; its smallest one is itself
    ranked in the set (Tippett's combination by permutation; for peak and size of clusters: Hayasaka and
    Nichols 2004, doi:10.1016/j.neuroimage.2004.04.035).

    Parameters
    ----------
    controls
        Largest value of each statistic in each left-out control, shape ``(controls, statistics)``. With
        maxima over the brain the result is corrected family-wise.
    values
        Those of the subject's cluster, shape ``(statistics,)``.
    """
    pool = np.vstack([values, controls])
    p = (pool[None] >= pool[:, None]).mean(axis=1)
    smallest = p.min(axis=1)
    return float((smallest <= smallest[0] + 1e-12).mean())


def family_wise_p(controls: Matrix, values: Matrix) -> Matrix:
    """Give the p of each of many values, corrected for having looked at all of them.

    Each value is put on one scale by mean and standard deviation over the set (controls and subject); its p
    is the share of the set whose largest one is as large (single-step maximum: Westfall and Young 1993,
    Resampling-Based Multiple Testing). Unlike the smallest rank it is not bound by the number of controls:
    of 115 people a quarter are the most extreme one in some region.

    Parameters
    ----------
    controls
        Shape ``(controls, values)``; transformed so that their spread is alike at all levels.
    values
        Those of the subject, shape ``(values,)``.
    """
    pool = np.vstack([values, controls])
    spread = pool.std(axis=0)
    scaled = (pool - pool.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    largest = scaled.max(axis=1)
    return np.asarray((largest[:, None] >= scaled[0] - 1e-12).mean(axis=0), dtype=np.float64)


def two_sided_p(controls: NDArray[np.floating], value: float) -> float:
    """Give twice the smaller one of the two conformal p, at most 1.

    >>> two_sided_p(np.arange(39.0), -1.0)
    0.05
    """
    return min(1.0, 2 * min(conformal_p(controls, value), conformal_p(-controls, -value)))


def pooled_p(pool: NDArray[np.floating], values: NDArray[np.floating]) -> Matrix:
    """Give the p of items (clusters) among all items of the controls, by the best of several statistics.

    As :func:`combined_p` for each item, but not corrected for their number: that is left to the false
    discovery rate over the items of a brain (Chumbley and Friston 2009,
    doi:10.1016/j.neuroimage.2008.05.021).

    Parameters
    ----------
    pool
        Shape ``(items, statistics)``.
    values
        Shape ``(rows, statistics)``.

    Returns
    -------
    p
        Shape ``(rows,)``.
    """
    own = 1 + _at_or_above(pool, values)
    among = _at_or_above(pool, pool)
    counts = [
        np.count_nonzero((among + (row >= pool)).min(axis=1) <= best)
        for row, best in zip(values, own.min(axis=1), strict=True)
    ]
    return np.asarray((1 + np.array(counts, dtype=np.float64)) / (1 + len(pool)))


def _at_or_above(pool: NDArray[np.floating], values: NDArray[np.floating]) -> NDArray[np.intp]:
    """Count, for each value, the pool's values of the same column that are at least as large."""
    ordered = np.sort(pool, axis=0)
    below = [np.searchsorted(ordered[:, k], values[:, k], side="left") for k in range(pool.shape[1])]
    return len(pool) - np.stack(below, axis=1)


def pooled_survival(counts: NDArray[np.integer]) -> Matrix:
    """Turn a histogram of the controls' absolute deviates into the share at or above each bin."""
    above = np.cumsum(counts[::-1])[::-1].astype(np.float64)
    return np.asarray((above + 1) / (above[0] + 1), dtype=np.float64)


def probability_abnormal(magnitude: Array, survival: Matrix, bin_width: float) -> Array:
    """Give one minus the false discovery rate at which each voxel would be called abnormal.

    Of the voxels with a probability of at least P, at most a share 1 - P is expected to be as it is in
    healthy people (Benjamini and Hochberg 1995; Storey 2002 with all voxels taken as null).

    Parameters
    ----------
    magnitude
        Absolute deviates of the subject, shape ``(voxels,)``.
    survival
        From :func:`pooled_survival`, for bins that start at 0.
    bin_width
        Of the histogram.
    """
    place = np.minimum((magnitude / bin_width).astype(np.int64), survival.size - 1)
    own = np.bincount(place, minlength=survival.size)
    above = np.cumsum(own[::-1])[::-1] / max(magnitude.size, 1)
    with np.errstate(divide="ignore"):
        rate = np.where(above > 0, survival / above, np.inf)
    smallest = np.minimum.accumulate(rate)
    return np.asarray(1 - np.minimum(smallest, 1)[place], dtype=np.float32)
