"""Predictions of every patient by models that were fitted without that patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.learning.validation.estimator import (
    Array,
    Case,
    Estimator,
    Make,
    Places,
    predict_finite,
    take,
)
from bidsapp.learning.validation.guards import check_patients_apart
from bidsapp.learning.validation.splits import repeated_folds


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Left-out predictions of every repeat.

    Attributes
    ----------
    predictions
        Shape ``(repeats, rows)``.
    folds
        Fold in which each row was left out, shape ``(repeats, rows)``.
    """

    predictions: Array
    folds: Places


def out_of_fold(
    make: Make[Case],
    patients: Sequence[Case],
    target: Array,
    groups: Sequence[str],
    *,
    folds: int,
    repeats: int = 1,
    seed: int = 0,
) -> OutOfFold:
    """Predict every patient from the others, by repeated stratified cross-validation.

    Parameters
    ----------
    make
        Gives a new model for each fold; it learns from the training side alone.
    patients, target, groups
        One item, one label and one patient's name for each row.
    folds, repeats, seed
        As in :func:`~bidsapp.learning.validation.splits.repeated_folds`.

    Raises
    ------
    BadDataError
        As :func:`~bidsapp.learning.validation.splits.repeated_folds`.
    ValueError
        A model gives something else than one finite number for each patient.
    """
    split = repeated_folds(target, groups, folds=folds, repeats=repeats, seed=seed)
    for row in split:
        check_patients_apart(groups, row)
    return OutOfFold(np.stack([predict_left_out(make, patients, target, row) for row in split]), split)


def predict_left_out(make: Make[Case], patients: Sequence[Case], target: Array, fold: Places) -> Array:
    """Predict the rows of each fold by a model of the others; ``fold`` and result have shape ``(rows,)``."""
    predicted = np.empty(target.size)
    for number, model in enumerate(fit_folds(make, patients, target, fold)):
        left_out = np.flatnonzero(fold == number)
        predicted[left_out] = predict_finite(model, take(patients, left_out))
    return predicted


def fit_folds(
    make: Make[Case], patients: Sequence[Case], target: Array, fold: Places
) -> tuple[Estimator[Case], ...]:
    """Fit one model for each fold on the rows of all others; parameters as in :func:`predict_left_out`."""
    sides = [np.flatnonzero(fold != number) for number in range(int(fold.max()) + 1)]
    return tuple(make().fit(take(patients, side), target[side]) for side in sides)
