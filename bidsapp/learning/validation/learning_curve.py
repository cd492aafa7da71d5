"""How a model gets better with more patients to learn from, and so what a larger cohort would bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.learning.validation.estimator import Array, Case, Make, Places, predict_finite, take
from bidsapp.learning.validation.measures import Measure
from bidsapp.learning.validation.splits import codes_of, repeated_folds, strata_of


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """A measure by number of patients to learn from.

    Attributes
    ----------
    sizes
        Number of patients, shape ``(sizes,)``.
    values
        Of each repeat, shape ``(repeats, sizes)``.
    """

    sizes: Places
    values: Array


def learning_curve(
    make: Make[Case],
    patients: Sequence[Case],
    target: Array,
    groups: Sequence[str],
    measure: Measure,
    *,
    sizes: Sequence[int],
    folds: int,
    repeats: int = 1,
    seed: int = 0,
) -> LearningCurve:
    """Fit on ever more patients of the training side and predict the same left-out ones.

    Parameters
    ----------
    make, patients, target, groups, folds, repeats, seed
        As in :func:`~bidsapp.learning.validation.out_of_fold.out_of_fold`.
    measure
        Of the left-out predictions.
    sizes
        Numbers of patients. A larger set holds the smaller ones, and each is stratified by label.

    Raises
    ------
    ValueError
        A training side has fewer patients than the largest size.
    """
    codes = codes_of(groups)
    rng = np.random.default_rng(seed)
    values = np.empty((repeats, len(sizes)))
    for repeat, fold in enumerate(repeated_folds(target, groups, folds=folds, repeats=repeats, seed=seed)):
        predicted = np.empty((len(sizes), target.size))
        for number in range(folds):
            side, left_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            order = _stratified_order(codes[side], target[side], rng)
            if max(sizes) > order.size:
                raise ValueError(
                    f"A training side of {order.size} patients has no {max(sizes)} to learn from"
                )
            for place, size in enumerate(sizes):
                rows = side[np.isin(codes[side], order[:size])]
                model = make().fit(take(patients, rows), target[rows])
                predicted[place, left_out] = predict_finite(model, take(patients, left_out))
        values[repeat] = measure(target, predicted)
    return LearningCurve(np.asarray(sizes, dtype=np.intp), values)


def _stratified_order(codes: Places, target: Array, rng: np.random.Generator) -> Places:
    """Order patients at random so that any number of the first ones has the strata in proportion."""
    order, first = np.unique(codes, return_index=True)
    strata = strata_of(target[first])
    place = np.empty(order.size)
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        place[members] = (rng.permutation(members.size) + rng.random()) / members.size
    return np.asarray(order[np.argsort(place, kind="stable")], dtype=np.intp)
