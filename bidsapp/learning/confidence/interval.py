"""Intervals of jackknife+ and CV+ from plain arrays, so that a bundle can store what they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bidsapp.learning.validation.estimator import Array, Places

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Interval:
    """Ends of the interval of each patient, in points of the score, shape ``(patients,)``."""

    low: Array
    high: Array

    @property
    def width(self) -> Array:
        """Length of each interval."""
        return self.high - self.low

    def holds(self, truth: Array) -> Array:
        """Give 1 where the truth lies within the interval, ends included, else 0."""
        return ((self.low <= truth) & (truth <= self.high)).astype(np.float64)


@dataclass(frozen=True, eq=False)
class CrossState:
    """What a bundle stores of the training patients for later intervals, beside the models of the folds.

    Attributes
    ----------
    fold
        Fold model that did not see each training patient, shape ``(n,)``.
    residual
        Absolute left-out error of each, over the difficulty that the same fold expected, shape ``(n,)``.
    least
        Smallest difficulty that each fold model may tell, shape ``(models,)``.
    label
        True score of each training patient, shape ``(n,)``.
    """

    fold: Places
    residual: Array
    least: Array
    label: Array


class IntervalRule(Protocol):
    """Makes intervals of new patients from the state of the training patients, as :func:`plus_interval`."""

    def __call__(
        self,
        state: CrossState,
        predicted: Array,
        difficulty: Array | None = None,
        /,
        *,
        miss: float = 0.1,
        lowest: float = -np.inf,
        highest: float = np.inf,
    ) -> Interval:
        """Give the intervals."""
        ...


def plus_interval(
    state: CrossState,
    predicted: Array,
    difficulty: Array | None = None,
    *,
    miss: float = 0.1,
    lowest: float = -np.inf,
    highest: float = np.inf,
) -> Interval:
    """Give the interval of new patients (Barber et al. 2021, Ann Stat 49:486, equations 1.3 and 3.1).

    With as many folds as patients this is jackknife+, with fewer CV+. The interval runs from the
    floor(miss (n + 1))-th smallest of prediction less residual to the ceil((1 - miss)(n + 1))-th smallest of
    prediction plus residual, over the n training patients, each with the prediction of the model that did not
    see it. Coverage of exchangeable patients is at least 1 - 2 miss with jackknife+ (theorem 1). With CV+ of
    k equal folds that bound is lower by min(2 (1 - 1/k) / (n/k + 1), (1 - k/n) / (k + 1)) (theorem 4). In
    practice it is about 1 - miss. With a difficulty, residuals are in units of it (as in Lei et al. 2018,
    section 5.2); the proof stays the same.

    Parameters
    ----------
    state
        Of the training patients.
    predicted
        Prediction of each new patient by each fold model, shape ``(models, patients)``.
    difficulty
        Expected absolute error, same shape; without it the intervals do not depend on the patient.
    miss
        Share of patients that may lie outside; above 0, below one half.
    lowest, highest
        Ends of the score: intervals are cut there, which loses no coverage. An end that n is too small for
        is infinite in the paper and so becomes the end of the score.

    Raises
    ------
    ValueError
        ``miss`` is not between 0 and one half.
    """
    ends = plus_ends(*reached(state, predicted, difficulty), miss=miss)
    return Interval(np.clip(ends[0], lowest, highest), np.clip(ends[1], lowest, highest))


def reached(state: CrossState, predicted: Array, difficulty: Array | None) -> tuple[Array, Array]:
    """Give the prediction less and plus each training patient's residual, by the model that did not see them.

    Parameters as in :func:`plus_interval`; both are of shape ``(n, patients)``.
    """
    unit = np.ones(predicted.shape) if difficulty is None else np.maximum(difficulty, state.least[:, None])
    reach = state.residual[:, None] * unit[state.fold]
    return predicted[state.fold] - reach, predicted[state.fold] + reach


def plus_ends(below: Array, above: Array, *, miss: float) -> tuple[Array, Array]:
    """Give both ends of CV+ from what :func:`reached` gave; infinite where there are too few patients.

    Raises
    ------
    ValueError
        ``miss`` is not between 0 and one half.
    """
    if not 0 < miss < 0.5:
        raise ValueError(f"Intervals may miss a share above 0 and below one half, not {miss}")
    patients, new = below.shape
    place = int(np.floor(miss * (patients + 1) + _ROUNDING))
    if place < 1:
        return np.full(new, -np.inf), np.full(new, np.inf)
    return np.sort(below, axis=0)[place - 1], np.sort(above, axis=0)[-place]


def unconditional_interval(
    target: Array, patients: int, *, miss: float = 0.1, lowest: float = -np.inf, highest: float = np.inf
) -> Interval:
    """Give the interval of a patient of whom nothing is known: what images must narrow to be worth anything.

    The middle order statistics of the training scores: floor(miss / 2 (n + 1))-th from either end, so that a
    new exchangeable patient lies within with a chance of at least 1 - ``miss``.

    Parameters
    ----------
    target
        Scores of the training patients, shape ``(n,)``.
    patients
        Number of new patients; all have the same interval.
    miss, lowest, highest
        As in :func:`plus_interval`.
    """
    place = int(np.floor(miss / 2 * (target.size + 1) + _ROUNDING))
    ordered = np.sort(target)
    ends = (-np.inf, np.inf) if place < 1 else (ordered[place - 1], ordered[-place])
    low, high = np.clip(ends, lowest, highest)
    return Interval(np.full(patients, low), np.full(patients, high))
