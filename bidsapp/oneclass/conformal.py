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


def false_discovery_q(p: Matrix) -> Matrix:
    """Give the least false discovery rate at which each test would be called (Benjamini and Hochberg 1995).

    It holds for conformal p-values of independent subjects, or clusters, that share their controls (Bates et
    al. 2023, doi:10.1214/22-AOS2244). A conformal p is never below 1 / (1 + controls): of many tests, fewer
    than that share cannot be told at any rate below one.

    Parameters
    ----------
    p
        Any shape; all of it is one family of tests.
    """
    from scipy import stats

    return np.asarray(stats.false_discovery_control(p, axis=None), dtype=np.float64).reshape(p.shape)


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
