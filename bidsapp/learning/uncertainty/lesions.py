"""Uncertainty of a whole lesion from that of its voxels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.learning.uncertainty.samples import Volume

Labels = NDArray[np.integer]
Values = NDArray[np.float64]
_LEAST = 1e-10


def mean_uncertainty(labels: Labels, uncertainty: Volume) -> Values:
    """Give the mean of a voxelwise measure over each lesion.

    Parameters
    ----------
    labels
        0 outside, lesions 1 to n without gaps.
    uncertainty
        Of the same shape, not negative.

    Returns
    -------
    ndarray
        Shape ``(n,)``.
    """
    sizes = np.bincount(labels.ravel())[1:]
    return _sums(labels, uncertainty) / sizes


def log_sum_uncertainty(labels: Labels, uncertainty: Volume) -> Values:
    """Give the sum over each lesion of the logarithm of a voxelwise measure (Nair et al. 2020).

    As if voxels were independent: the logarithm of their product. It falls with the size of the lesion, so
    that a large lesion counts as sure; compare it with the order of volumes alone. Nair et al. rescale it to
    0..1 over a dataset, which changes no order and is left out. Values below 1e-10 count as 1e-10.
    Parameters and returned shape are those of :func:`mean_uncertainty`.
    """
    return _sums(labels, np.log(np.maximum(uncertainty, _LEAST)))


def _sums(labels: Labels, values: Volume) -> Values:
    inside = labels > 0
    weights = values[inside].astype(np.float64)
    totals = np.bincount(labels[inside], weights=weights, minlength=int(labels.max(initial=0)) + 1)
    return np.asarray(totals[1:], dtype=np.float64)
