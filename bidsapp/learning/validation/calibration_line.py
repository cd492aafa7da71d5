"""Whether predicted probabilities are too extreme or too high on the whole (Cox 1958; Van Calster 2016).

The outcome is regressed on the logit of the prediction. A slope below 1 means predictions too extreme, an
intercept below 0 probabilities too high on the whole.
"""

from __future__ import annotations

import numpy as np

from bidsapp.learning.validation.estimator import Array

_NEAREST = 1e-6  # to 0 and 1, where the logit would be infinite
_FARTHEST = 40.0


def calibration_slope(truth: Array, predicted: Array) -> Array:
    """Give the slope of the unpenalised logistic regression of the outcome on the predicted logit.

    Parameters
    ----------
    truth
        Outcome in 0, 1, shape ``(rows,)``.
    predicted
        Probabilities, shape ``(..., rows)``; those nearer to 0 or 1 than 1e-6 are taken as that near.

    Returns
    -------
    ndarray
        Shape ``(...)``; NaN where no finite slope fits best: one class, equal predictions, or no overlap.
    """
    return np.asarray(np.apply_along_axis(lambda row: _slope(truth, _logit(row)), -1, predicted))


def calibration_intercept(truth: Array, predicted: Array) -> Array:
    """Give the intercept with the slope held at 1: calibration in the large; as :func:`calibration_slope`."""
    return np.asarray(np.apply_along_axis(lambda row: _intercept(truth, _logit(row)), -1, predicted))


def _slope(truth: Array, logit: Array) -> float:
    from sklearn.linear_model import LogisticRegression

    positive, negative = logit[truth > 0.5], logit[truth <= 0.5]
    if not positive.size or not negative.size or np.ptp(logit) == 0:
        return np.nan
    if positive.min() >= negative.max() or positive.max() <= negative.min():
        return np.nan
    model = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    return float(model.fit(logit[:, None], truth > 0.5).coef_[0, 0])


def _intercept(truth: Array, logit: Array) -> float:
    from scipy.optimize import brentq
    from scipy.special import expit

    if not 0 < truth.mean() < 1:
        return np.nan
    return float(brentq(lambda shift: expit(logit + shift).mean() - truth.mean(), -_FARTHEST, _FARTHEST))


def _logit(probability: Array) -> Array:
    from scipy.special import logit

    return np.asarray(logit(np.clip(probability, _NEAREST, 1 - _NEAREST)), dtype=np.float64)
