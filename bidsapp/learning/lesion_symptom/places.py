"""What lesion-symptom mapping is about: places that enough patients have a lesion in, and the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class LesionSymptomMap:
    """Answer for every place, tested or not.

    Attributes
    ----------
    tested
        Places that enough patients have a lesion in, shape (places,).
    statistic
        Of the method, shape (places,); NaN where not tested. Positive: the score is higher with the lesion.
    p_fwe
        Two-sided p, family-wise over all tested places by the largest statistic of each permutation (Nichols
        and Holmes 2002, doi:10.1002/hbm.1058); NaN where not tested.
    """

    tested: Mask
    statistic: Array
    p_fwe: Array


def often_lesioned(lesions: Array, fewest: int) -> Mask:
    """Tell which places at least so many patients have a lesion in, and not all of them the same.

    Parameters
    ----------
    lesions
        Shape (patients, places): 0 for no lesion; 1, or the lesioned share of a region.
    fewest
        Where few patients are lesioned the test has no power, and only adds to what is corrected for.

    Raises
    ------
    ValueError
        No place is left.
    """
    tested = ((lesions > 0).sum(axis=0) >= fewest) & (np.ptp(lesions, axis=0) > 0)
    if not tested.any():
        raise ValueError(f"No place has a lesion in {fewest} patients or more; ask for fewer.")
    return np.asarray(tested)


def family_wise_p(observed: Array, largest: Array) -> Array:
    """Give p of each statistic from the largest size of each permutation; the observed order counts as one.

    >>> family_wise_p(np.array([5.0, 0.1]), np.array([1.0, 2.0, 3.0]))
    array([0.25, 1.  ])
    """
    ordered = np.sort(largest)
    beyond = ordered.size - np.searchsorted(ordered, np.abs(observed) - _ROUNDING, side="left")
    return np.asarray((1 + beyond) / (1 + ordered.size), dtype=np.float64)


def over_all(tested: Mask, values: Array) -> Array:
    """Put the values of tested places among all; NaN elsewhere."""
    every = np.full(tested.shape, np.nan)
    every[tested] = values
    return every


def without_covariates(values: Array, covariates: Array | None) -> Array:
    """Give what covariates and a mean leave of each column, shape as ``values``."""
    design = np.column_stack([np.ones(len(values)), *([] if covariates is None else [covariates])])
    left, singular, _ = np.linalg.svd(design, full_matrices=False)
    kept = left[:, singular > _ROUNDING * singular[0]]
    return np.asarray(values - kept @ (kept.T @ values), dtype=np.float64)
