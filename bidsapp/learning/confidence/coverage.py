"""How often intervals of left-out patients hold the truth, also for low, middle and high scores apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidsapp.learning.confidence.by_score import thirds_of
from bidsapp.learning.confidence.interval import Interval
from bidsapp.learning.discrimination import Estimate
from bidsapp.learning.validation.estimator import Array, Flags

TERTILES = ("low", "middle", "high")


@dataclass(frozen=True)
class Coverage:
    """Of one set of patients.

    Attributes
    ----------
    patients
        How many.
    share
        Of those whose interval holds the truth, with an exact 95 % interval (Clopper and Pearson 1934).
    mean_width, median_width
        In points of the score.
    """

    patients: int
    share: Estimate
    mean_width: float
    median_width: float


def measure_coverage(truth: Array, interval: Interval) -> dict[str, Coverage]:
    """Measure the coverage of all patients and of each third by true score.

    Parameters
    ----------
    truth
        Scores, shape ``(patients,)``, one for each patient.
    interval
        Of the same patients, from fits that did not see them.

    Returns
    -------
    dict
        ``all``, ``low``, ``middle``, ``high``; equal scores stay in one third, and one without patients is
        left out.
    """
    parts = {"all": np.ones(truth.size, dtype=np.bool_)}
    third = thirds_of(truth)
    parts |= {name: third == number for number, name in enumerate(TERTILES)}
    return {name: _coverage(truth, interval, part) for name, part in parts.items() if part.any()}


def share_of(count: int, number: int) -> Estimate:
    """Give a share with its exact 95 % interval.

    >>> round(share_of(9, 10).low, 3)
    0.555
    """
    from scipy.stats import binomtest

    ends = binomtest(count, number).proportion_ci(confidence_level=0.95, method="exact")
    return Estimate(count / number, float(ends.low), float(ends.high))


def _coverage(truth: Array, interval: Interval, part: Flags) -> Coverage:
    held, width = interval.holds(truth)[part], interval.width[part]
    share = share_of(int(held.sum()), held.size)
    return Coverage(held.size, share, float(width.mean()), float(np.median(width)))
