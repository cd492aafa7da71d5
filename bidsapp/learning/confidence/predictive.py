"""The whole distribution of a score that cross-validation allows: for probabilities beside an interval."""

from __future__ import annotations

import numpy as np

from bidsapp.learning.validation.estimator import Array, Places


def predictive_sample(
    predicted: Array, error: Array, fold: Places, *, lowest: float, highest: float
) -> Array:
    """Give what the score of a new patient may be: the left-out errors on the folds' models.

    The same material as CV+ (Barber et al. 2021, Ann Stat 49:486), with signed errors: a cross-conformal
    predictive distribution (Vovk et al. 2018, doi:10.1016/j.neucom.2019.10.110).

    Parameters
    ----------
    predicted
        Of the new patient by each fold model, shape ``(models,)``.
    error
        Truth less left-out prediction of each training patient, shape ``(n,)``.
    fold
        Fold model that did not see each training patient, shape ``(n,)``.
    lowest, highest
        Ends of the score.

    Returns
    -------
    ndarray
        Sorted, shape ``(n,)``, within the ends.

    >>> predictive_sample(np.array([5.0, 7.0]), np.array([-1.0, 2.0]), np.array([0, 1]), lowest=0, highest=8)
    array([4., 8.])
    """
    return np.sort(np.clip(predicted[fold] + error, lowest, highest))


def share_of_sample(inside: Array) -> float:
    """Give the share of a sample that is inside, half a patient away from 0 and 1 at least.

    >>> share_of_sample(np.ones(49))
    0.99
    """
    return float((np.count_nonzero(inside) + 0.5) / (inside.size + 1))
