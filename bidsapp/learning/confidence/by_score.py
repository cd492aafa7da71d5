"""CV+ that holds low, middle and high scores alike, although predictions lean towards the mean.

One limit for all residuals holds as many patients as it says, but too few of those with a high score, whom a
model calls too low, and too many of the others. So each possible score is compared with training patients
whose score is like it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import numpy as np

from bidsapp.learning.confidence.interval import (
    CrossState,
    Interval,
    IntervalRule,
    plus_ends,
    plus_interval,
    reached,
)
from bidsapp.learning.validation.estimator import Array, Places

IntervalName = Literal["by-score", "plain"]


def thirds_of(score: Array) -> Places:
    """Give the third that each score belongs to, 0 to 2; equal scores stay in one, which may leave one empty.

    >>> thirds_of(np.array([0.0, 0.0, 0.0, 1.0, 4.0, 9.0]))
    array([0, 0, 0, 1, 2, 2])
    """
    cuts = np.quantile(score, [1 / 3, 2 / 3])
    return np.searchsorted(cuts, score, side="left").astype(np.intp)


def by_score_interval(
    state: CrossState,
    predicted: Array,
    difficulty: Array | None = None,
    *,
    miss: float = 0.1,
    lowest: float = -np.inf,
    highest: float = np.inf,
) -> Interval:
    """Give the interval of new patients by label-conditional CV+.

    A score is possible if it lies in the CV+ interval (Barber et al. 2021, Ann Stat 49:486) of the training
    patients of its own third of the scores. That is conformal prediction conditional on the label (Vovk 2013,
    Mach Learn 92:349, doi:10.1007/s10994-013-5355-6), on residuals left out by cross-validation. The interval
    runs from the lowest to the highest possible score. With cuts between the thirds known beforehand,
    jackknife+'s proof holds within each third: at least 1 - 2 miss of its patients are covered; in practice
    about 1 - miss, and more in the middle, where scores that are not possible lie between others that are.
    A third of fewer than 1 / miss - 1 patients cannot exclude any of its scores.

    Residuals are absolute: signed ones spend half of ``miss`` on inner ends, which do not count. Thirds are
    fixed: the patients of the nearest labels hold the ends of the scale too rarely. Both were measured by
    ``benchmarks/coma_intervals.py``.

    Parameters
    ----------
    state, predicted, difficulty, miss, lowest, highest
        As in :func:`~bidsapp.learning.confidence.interval.plus_interval`, whose interval is given where no
        score is possible at all: a longer interval loses no coverage.

    Raises
    ------
    ValueError
        ``miss`` is not between 0 and one half.
    """
    below, above = reached(state, predicted, difficulty)
    third = thirds_of(state.label)
    low, high = np.full(predicted.shape[1], np.inf), np.full(predicted.shape[1], -np.inf)
    for number, (first, last) in _ranges(state.label, third, lowest, highest).items():
        own = third == number
        start, stop = plus_ends(below[own], above[own], miss=miss)
        start, stop = np.maximum(start, first), np.minimum(stop, last)
        possible = start <= stop
        low = np.where(possible, np.minimum(low, start), low)
        high = np.where(possible, np.maximum(high, stop), high)
    plain = plus_interval(state, predicted, difficulty, miss=miss, lowest=lowest, highest=highest)
    none = low > high
    return Interval(np.where(none, plain.low, low), np.where(none, plain.high, high))


INTERVALS: Mapping[IntervalName, IntervalRule] = {"by-score": by_score_interval, "plain": plus_interval}


def _ranges(label: Array, third: Places, lowest: float, highest: float) -> dict[int, tuple[float, float]]:
    """Give the scores of each third; the cut lies midway between the neighbouring labels of two thirds."""
    numbers = np.unique(third).tolist()
    cuts = [(label[third <= at].max() + label[third > at].min()) / 2 for at in numbers[:-1]]
    return dict(zip(numbers, pairwise([lowest, *cuts, highest]), strict=True))
