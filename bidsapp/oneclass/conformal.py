"""p-values that assume no distribution: only that a healthy subject could have been one of the controls.

Conformal p: the share of a set (the controls and the subject) that is at least as extreme (Vovk 2005,
Algorithmic Learning in a Random World). Controls are scored as left out: by one control less than the
subject, and never by the subject. So the set is alike but for a difference of order 1 / controls, and p is
exact only as far as one person more does not change the model.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.oneclass.regression import Array, Matrix


def conformal_p(controls: NDArray[np.floating], value: float) -> float:
    """Give (1 + number of controls at or above ``value``) / (1 + number of controls)."""
    return float((1 + np.count_nonzero(controls >= value)) / (1 + controls.size))


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
