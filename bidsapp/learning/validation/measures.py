"""How near predictions come to the truth, one number for each set of predictions.

All take the truth, shape ``(rows,)``, and predictions of any number of repeats, shape ``(..., rows)``, and
give shape ``(...)``: a bootstrap asks thousands of times, too often for one call of a library each. Where a
measure is not defined (all predictions equal, one class missing) it is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from bidsapp.learning.validation.calibration_line import calibration_intercept, calibration_slope
from bidsapp.learning.validation.estimator import Array

Measure: TypeAlias = Callable[[Array, Array], Array]


def mae(truth: Array, predicted: Array) -> Array:
    """Give the mean absolute error, in points of the score."""
    return np.asarray(np.abs(predicted - truth).mean(axis=-1))


def r2(truth: Array, predicted: Array) -> Array:
    """Give the share of variance explained; below 0 where the mean of the truth would be nearer."""
    return _ratio(truth.var(), truth.var() - ((predicted - truth) ** 2).mean(axis=-1))


def spearman(truth: Array, predicted: Array) -> Array:
    """Give the rank correlation, ties at their mean rank."""
    from scipy.stats import rankdata

    first = rankdata(truth) - (truth.size + 1) / 2
    second = rankdata(predicted, axis=-1) - (truth.size + 1) / 2
    return _ratio(np.sqrt((first**2).sum() * (second**2).sum(axis=-1)), (first * second).sum(axis=-1))


def weighted_kappa(truth: Array, predicted: Array) -> Array:
    """Give Cohen's kappa with quadratic weights of scores rounded to whole points (halves to even).

    Its closed form: 1 less the mean squared difference over that of two raters who know nothing of each other
    (Fleiss and Cohen 1973). Equal to that of a table over all points of the scale.
    """
    first, second = np.rint(truth), np.rint(predicted)
    observed = ((second - first) ** 2).mean(axis=-1)
    chance = first.var() + second.var(axis=-1) + (second.mean(axis=-1) - first.mean()) ** 2
    return _ratio(chance, chance - observed)


def auc(truth: Array, predicted: Array) -> Array:
    """Give the area under the ROC curve of an outcome in 0, 1: ties count half."""
    from scipy.stats import rankdata

    positive = truth > 0.5
    count = int(positive.sum())
    wins = rankdata(predicted, axis=-1)[..., positive].sum(axis=-1) - count * (count + 1) / 2
    return _ratio(np.asarray(float(count * (truth.size - count))), wins)


def brier(truth: Array, predicted: Array) -> Array:
    """Give the mean squared difference between probability and outcome."""
    return np.asarray(((predicted - truth) ** 2).mean(axis=-1))


def _ratio(below: Array, above: Array) -> Array:
    below, above = np.broadcast_arrays(np.asarray(below), np.asarray(above))
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


OF_SCORES: Mapping[str, Measure] = {
    "mae": mae,
    "r2": r2,
    "spearman": spearman,
    "weighted_kappa": weighted_kappa,
}
OF_OUTCOMES: Mapping[str, Measure] = {
    "auc": auc,
    "brier": brier,
    "calibration_slope": calibration_slope,
    "calibration_intercept": calibration_intercept,
}
