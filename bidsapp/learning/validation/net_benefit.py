"""Decision curves: what acting on a prediction is worth, at any price of acting in vain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidsapp.learning.validation.estimator import Array


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """Net benefit by threshold, in true positives for each patient; that of acting on nobody is 0.

    Attributes
    ----------
    thresholds, model, everyone
        Shape ``(thresholds,)``: probability from which on one acts, net benefit of acting by the model,
        and of acting on everyone.
    """

    thresholds: Array
    model: Array
    everyone: Array


def decision_curve(truth: Array, predicted: Array, thresholds: Array) -> DecisionCurve:
    """Weigh true against false positives (Vickers and Elkin 2006, doi:10.1177/0272989X06295361).

    Parameters
    ----------
    truth
        Outcome in 0, 1, shape ``(rows,)``.
    predicted
        Probabilities, shape ``(rows,)``, or ``(repeats, rows)``: the net benefit is averaged over repeats.
    thresholds
        Above 0 and below 1. One acts where the probability is at least the threshold, and holds a false
        positive as bad as ``threshold / (1 - threshold)`` of a true one is good.

    Raises
    ------
    ValueError
        A threshold is not between 0 and 1.
    """
    if ((thresholds <= 0) | (thresholds >= 1)).any():
        raise ValueError("Thresholds of a decision curve are above 0 and below 1")
    price = thresholds / (1 - thresholds)
    acted = np.atleast_2d(predicted)[:, :, None] >= thresholds
    gain = np.where(truth[:, None] > 0.5, 1.0, -price)
    return DecisionCurve(thresholds, (acted * gain).mean(axis=(0, 1)), gain.mean(axis=0))
