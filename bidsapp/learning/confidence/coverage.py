"""How often intervals of left-out patients hold the truth, also for low, middle and high scores apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.learning.confidence.by_score import thirds_of
from bidsapp.learning.confidence.interval import Interval
from bidsapp.learning.discrimination import Estimate
from bidsapp.learning.validation.estimator import Array, Flags, take
from bidsapp.learning.validation.splits import codes_of

TERTILES = ("low", "middle", "high")


@dataclass(frozen=True)
class Coverage:
    """Of one set of patients.

    Attributes
    ----------
    patients, sessions
        How many, and how many sessions they have.
    share
        Of sessions whose interval holds the truth: the mean over patients of each one's share, with the 95 %
        interval of as many single sessions as there are patients (Clopper and Pearson 1934). That is exact
        with one session each, and else errs to the wide side: a share varies no more than a yes or no.
    mean_width, median_width
        Over sessions, in points of the score.
    """

    patients: int
    sessions: int
    share: Estimate
    mean_width: float
    median_width: float


def measure_coverage(truth: Array, interval: Interval, groups: Sequence[str]) -> dict[str, Coverage]:
    """Measure the coverage of all patients and of each third by true score.

    Parameters
    ----------
    truth
        Scores, shape ``(sessions,)``.
    interval
        Of the same sessions, from fits that did not see their patients.
    groups
        Patient of each session.

    Returns
    -------
    dict
        ``all``, ``low``, ``middle``, ``high``; equal scores stay in one third, and one without sessions is
        left out.
    """
    parts = {"all": np.ones(truth.size, dtype=np.bool_)}
    third = thirds_of(truth)
    parts |= {name: third == number for number, name in enumerate(TERTILES)}
    return {name: _coverage(truth, interval, groups, part) for name, part in parts.items() if part.any()}


def share_of(count: float, number: int) -> Estimate:
    """Give a share with its exact 95 % interval (Clopper and Pearson 1934); parts of a count are allowed.

    >>> round(share_of(9, 10).low, 3)
    0.555
    """
    from scipy.stats import beta

    low = float(beta.ppf(0.025, count, number - count + 1)) if count > 0 else 0.0
    high = float(beta.ppf(0.975, count + 1, number - count)) if count < number else 1.0
    return Estimate(count / number, low, high)


def _coverage(truth: Array, interval: Interval, groups: Sequence[str], part: Flags) -> Coverage:
    held, width = interval.holds(truth)[part], interval.width[part]
    patient = codes_of(take(groups, np.flatnonzero(part)))
    shares = np.bincount(patient, weights=held) / np.bincount(patient)
    share = share_of(float(shares.sum()), shares.size)
    return Coverage(shares.size, held.size, share, float(width.mean()), float(np.median(width)))
