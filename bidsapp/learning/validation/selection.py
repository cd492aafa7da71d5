"""Choice of a model inside the training side, and the simplest of those that are as good as the best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bidsapp.learning.validation.estimator import Array, Case, Make, Places, predict_finite, take
from bidsapp.learning.validation.out_of_fold import out_of_fold
from bidsapp.learning.validation.splits import codes_of, repeated_folds

Loss: TypeAlias = Callable[[Array, Array], Array]
"""Loss of each row from truth and prediction, which broadcast."""


def absolute_error(truth: Array, predicted: Array) -> Array:
    """Give the loss of a score, in its points."""
    return np.abs(predicted - truth)


def squared_error(truth: Array, predicted: Array) -> Array:
    """Give the loss of an outcome's probability; its mean is the Brier score."""
    return np.asarray((predicted - truth) ** 2, dtype=np.float64)


@dataclass(frozen=True)
class Choice:
    """The model chosen, and what it was chosen on.

    Attributes
    ----------
    name
        The simplest model within one standard error of the best.
    best
        The model with the least mean loss.
    loss, standard_error
        Mean over patients of each model's left-out loss, and its standard error.
    """

    name: str
    best: str
    loss: Mapping[str, float]
    standard_error: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class NestedSelection:
    """Left-out predictions of the whole procedure, choice of the model included.

    Attributes
    ----------
    predictions, folds
        Shape ``(repeats, rows)``.
    chosen
        Name of the model that each fold's training side chose, by repeat and fold.
    """

    predictions: Array
    folds: Places
    chosen: tuple[tuple[str, ...], ...]


def choose(losses: Mapping[str, Array]) -> Choice:
    """Choose by the one-standard-error rule (Breiman et al. 1984; Hastie et al. 2009, section 7.10).

    Parameters
    ----------
    losses
        Loss of each patient by each model, shape ``(patients,)``, models from simple to complex. The standard
        error is that of the best model's mean loss.

    Raises
    ------
    ValueError
        There is no model, or fewer than two patients.
    """
    if not losses or min(each.size for each in losses.values()) < 2:
        raise ValueError("A choice needs a model and the losses of two patients or more")
    mean = {name: float(each.mean()) for name, each in losses.items()}
    error = {name: float(each.std(ddof=1) / np.sqrt(each.size)) for name, each in losses.items()}
    best = min(mean, key=lambda name: mean[name])
    limit = mean[best] + error[best]
    return Choice(next(name for name in mean if mean[name] <= limit), best, mean, error)


def select(
    makes: Mapping[str, Make[Case]],
    patients: Sequence[Case],
    target: Array,
    groups: Sequence[str],
    *,
    folds: int,
    repeats: int = 1,
    seed: int = 0,
    loss: Loss = absolute_error,
) -> Choice:
    """Choose a model by cross-validation; losses are averaged over repeats and rows of a patient.

    Parameters
    ----------
    makes
        From the simplest model to the most complex.
    patients, target, groups, folds, repeats, seed
        As in :func:`~bidsapp.learning.validation.out_of_fold.out_of_fold`; all models see the same folds.
    loss
        Of each row.
    """
    codes = codes_of(groups)
    losses = {}
    for name, make in makes.items():
        left_out = out_of_fold(make, patients, target, groups, folds=folds, repeats=repeats, seed=seed)
        by_row = loss(target, left_out.predictions).mean(axis=0)
        losses[name] = np.bincount(codes, weights=by_row) / np.bincount(codes)
    return choose(losses)


def select_nested(
    makes: Mapping[str, Make[Case]],
    patients: Sequence[Case],
    target: Array,
    groups: Sequence[str],
    *,
    folds: int,
    inner_folds: int,
    repeats: int = 1,
    seed: int = 0,
    loss: Loss = absolute_error,
) -> NestedSelection:
    """Predict every patient by the model that the others chose; parameters as in :func:`select`.

    The inner folds split the training side of an outer fold, so that a patient has no part in the choice of
    the model that predicts it (Varma and Simon 2006, doi:10.1186/1471-2105-7-91).
    """
    split = repeated_folds(target, groups, folds=folds, repeats=repeats, seed=seed)
    predicted, chosen = np.empty(split.shape), []
    for repeat, fold in enumerate(split):
        names = []
        for number in range(folds):
            side, left_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            seen, labels = take(patients, side), target[side]
            name = select(
                makes, seen, labels, take(groups, side), folds=inner_folds, seed=seed + repeat, loss=loss
            ).name
            model = makes[name]().fit(seen, labels)
            predicted[repeat, left_out] = predict_finite(model, take(patients, left_out))
            names.append(name)
        chosen.append(tuple(names))
    return NestedSelection(predicted, split, tuple(chosen))
