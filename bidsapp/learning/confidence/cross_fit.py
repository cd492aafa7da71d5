"""Models of the folds and their left-out errors: what jackknife+ and CV+ rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

import numpy as np

from bidsapp.learning.confidence.interval import CrossState, Interval, IntervalRule, plus_interval
from bidsapp.learning.validation.estimator import (
    Array,
    Case,
    Estimator,
    Make,
    Places,
    predict_finite,
    take,
)
from bidsapp.learning.validation.out_of_fold import fit_folds, out_of_fold
from bidsapp.learning.validation.splits import repeated_folds

_LEAST_SHARE = 0.25  # of the mean error: no patient is told to be easier than that


@dataclass(frozen=True, eq=False)
class CrossFit(Generic[Case]):
    """Fold models and the state of their training patients.

    Attributes
    ----------
    state
        Arrays for a bundle.
    models
        One for each fold.
    difficulties
        Models of the expected absolute error, one for each fold; empty where intervals are not normalised.
    left_out
        Prediction of each training patient by the model that did not see it, shape ``(n,)``.
    """

    state: CrossState
    models: tuple[Estimator[Case], ...]
    difficulties: tuple[Estimator[Case], ...]
    left_out: Array

    def interval(
        self,
        patients: Sequence[Case],
        *,
        rule: IntervalRule = plus_interval,
        miss: float = 0.1,
        lowest: float = -np.inf,
        highest: float = np.inf,
    ) -> Interval:
        """Give the intervals of new patients by a rule such as :func:`~.interval.plus_interval`."""
        predicted = _predict_all(self.models, patients)
        difficulty = _predict_all(self.difficulties, patients) if self.difficulties else None
        return rule(self.state, predicted, difficulty, miss=miss, lowest=lowest, highest=highest)


def cross_fit(
    make: Make[Case],
    patients: Sequence[Case],
    target: Array,
    groups: Sequence[str],
    *,
    folds: int,
    difficulty: Make[Case] | None = None,
    inner_folds: int = 5,
    seed: int = 0,
) -> CrossFit[Case]:
    """Fit the models of CV+, or of jackknife+ with as many folds as patients.

    Parameters
    ----------
    make, patients, target, groups, folds, seed
        As in :func:`~bidsapp.learning.validation.out_of_fold.out_of_fold`. The guarantee is for one row of
        each patient; several rows of a patient stay in one fold but count as if they were strangers.
    difficulty
        Gives a model that learns the absolute error from the patient. It is fitted, within the training side
        of each fold, on errors left out by ``inner_folds`` inner folds: a residual is never divided by a
        number that has seen it. Its predictions below a quarter of the mean error are raised to that.
    inner_folds
        Number of inner folds.
    """
    fold = repeated_folds(target, groups, folds=folds, seed=seed)[0]
    models = fit_folds(make, patients, target, fold)
    left_out = np.empty(target.size)
    expected, least, difficulties = np.ones(target.size), np.ones(len(models)), []
    for number, model in enumerate(models):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        left_out[outside] = predict_finite(model, take(patients, outside))
        if difficulty is None:
            continue
        seen, labels = take(patients, inside), target[inside]
        inner = out_of_fold(make, seen, labels, take(groups, inside), folds=inner_folds, seed=seed)
        errors = np.abs(labels - inner.predictions[0])
        difficulties.append(difficulty().fit(seen, errors))
        least[number] = max(_LEAST_SHARE * errors.mean(), np.finfo(np.float64).tiny)
        expected[outside] = np.maximum(
            predict_finite(difficulties[-1], take(patients, outside)), least[number]
        )
    state = CrossState(fold, np.abs(target - left_out) / expected, least, target)
    return CrossFit(state, models, tuple(difficulties), left_out)


def left_out_intervals(
    make: Make[Case],
    patients: Sequence[Case],
    target: Array,
    groups: Sequence[str],
    outer: Places,
    *,
    folds: int,
    difficulty: Make[Case] | None = None,
    rule: IntervalRule = plus_interval,
    miss: float = 0.1,
    lowest: float = -np.inf,
    highest: float = np.inf,
    seed: int = 0,
) -> Interval:
    """Give every patient's interval from fits to the others alone: what coverage is measured on.

    Parameters
    ----------
    outer
        Outer fold of each row, shape ``(rows,)``; within the training side of each, :func:`cross_fit` is run
        with ``folds`` folds.
    make, patients, target, groups, folds, difficulty, seed
        As in :func:`cross_fit`.
    rule, miss, lowest, highest
        As in :meth:`CrossFit.interval`.
    """
    low, high = np.empty(target.size), np.empty(target.size)
    for number in range(int(outer.max()) + 1):
        inside, outside = np.flatnonzero(outer != number), np.flatnonzero(outer == number)
        fitted = cross_fit(
            make,
            take(patients, inside),
            target[inside],
            take(groups, inside),
            folds=folds,
            difficulty=difficulty,
            seed=seed,
        )
        found = fitted.interval(take(patients, outside), rule=rule, miss=miss, lowest=lowest, highest=highest)
        low[outside], high[outside] = found.low, found.high
    return Interval(low, high)


def _predict_all(models: Sequence[Estimator[Case]], patients: Sequence[Case]) -> Array:
    return np.stack([predict_finite(model, patients) for model in models])
