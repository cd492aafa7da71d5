"""Whether probabilities of an outcome mean what they say, and whether acting on them would do any good."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidsapp.learning.confidence.coverage import share_of
from bidsapp.learning.discrimination import Estimate
from bidsapp.learning.validation.bootstrap import draw_patients
from bidsapp.learning.validation.estimator import Array
from bidsapp.learning.validation.net_benefit import DecisionCurve, decision_curve
from bidsapp.reports.layout import AgreementRules
from bidsapp.reports.pairs import Pairs

_ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class RiskBin:
    """People of neighbouring probabilities: their mean, and the share with the outcome (exact interval)."""

    people: int
    predicted: float
    observed: Estimate


@dataclass(frozen=True, eq=False)
class NetBenefit:
    """A decision curve with the 95 % interval of the model's net benefit over people, by threshold."""

    curve: DecisionCurve
    low: Array
    high: Array


def risk_bins(pairs: Pairs, rules: AgreementRules) -> tuple[RiskBin, ...]:
    """Order people by probability, and part them into bins of equal numbers.

    Parameters
    ----------
    pairs
        Of an outcome, each person once.
    """
    number = int(np.clip(len(pairs.items) // rules.bin_people, 2, rules.bins))
    order = np.argsort(pairs.predicted, kind="stable")
    bins = [(pairs.predicted[own], pairs.observed[own]) for own in np.array_split(order, number)]
    return tuple(
        RiskBin(observed.size, float(predicted.mean()), share_of(int(observed.sum()), observed.size))
        for predicted, observed in bins
    )


def measure_net_benefit(pairs: Pairs, rules: AgreementRules, seed: int) -> NetBenefit:
    """Give the decision curve of an outcome; a person's visits are drawn together."""
    thresholds = np.array(rules.thresholds, dtype=np.float64)
    truth, predicted = pairs.observed, pairs.predicted
    drawn = [
        decision_curve(truth[draw], predicted[draw], thresholds)
        for draw in draw_patients(pairs.subjects, rules.resamples, seed)
    ]
    low, high = np.quantile([curve.model for curve in drawn[1:]], _ENDS, axis=0)
    return NetBenefit(drawn[0], low, high)
