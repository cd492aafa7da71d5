"""Repeated folds of patients, alike in their labels; all rows of a patient stay together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.learning.validation.estimator import Array, Places

_MOST_STRATA = 5


def codes_of(labels: Sequence[str]) -> Places:
    """Give each patient (or category) its number, from 0 in alphabetical order, shape ``(rows,)``."""
    return np.unique(np.asarray(labels, dtype=str), return_inverse=True)[1].astype(np.intp)


def strata_of(target: Array, *, most: int = _MOST_STRATA) -> Places:
    """Give the stratum of each label: the class of an outcome, or the quantile bin of a score.

    Parameters
    ----------
    target
        Shape ``(rows,)``; with no more than ``most`` distinct values each of them is a stratum.
    most
        Number of quantile bins. Ties stay in one bin.

    >>> strata_of(np.array([0.0, 1.0, 1.0, 0.0]))
    array([0, 1, 1, 0])
    """
    values, codes = np.unique(target, return_inverse=True)
    if values.size <= most:
        return codes.astype(np.intp)
    edges = np.quantile(target, np.arange(1, most) / most)
    return np.unique(np.searchsorted(edges, target, side="right"), return_inverse=True)[1].astype(np.intp)


def repeated_folds(
    target: Array, groups: Sequence[str], *, folds: int, repeats: int = 1, seed: int = 0
) -> Places:
    """Split patients into folds, several times.

    Parameters
    ----------
    target
        Label of each row, by which folds are stratified, shape ``(rows,)``.
    groups
        Patient of each row.
    folds
        As many as there are patients leaves each one out in turn; every repeat is the same then.
    repeats, seed
        Number of splits, and what they start from.

    Returns
    -------
    ndarray
        Fold in which each row is left out, from 0, shape ``(repeats, rows)``.

    Raises
    ------
    BadDataError
        There are fewer patients than folds, or fewer with one of the outcomes.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    patients = codes_of(groups)
    count = int(patients.max()) + 1
    if not 2 <= folds <= count:
        raise BadDataError(f"{count} patients cannot be split into {folds} folds: ask for 2 to {count}.")
    if folds == count:
        return np.tile(patients, (repeats, 1))
    _check_outcome(target, patients, folds)
    strata = _merged(strata_of(target, most=max(2, min(_MOST_STRATA, count // folds))), least=folds)
    result = np.empty((repeats, target.size), dtype=np.intp)
    for repeat, state in enumerate(np.random.SeedSequence(seed).generate_state(repeats)):
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=int(state))
        for fold, (_, left_out) in enumerate(splitter.split(patients, strata, patients)):
            result[repeat, left_out] = fold
    return result


def _merged(strata: Places, *, least: int) -> Places:
    """Join a stratum of fewer rows than folds with its neighbours; what remains at the top joins the last."""
    joined, number, held = np.zeros(int(strata.max()) + 1, dtype=np.intp), 0, 0
    for stratum, size in enumerate(np.bincount(strata)):
        joined[stratum] = number
        held += int(size)
        if held >= least:
            number, held = number + 1, 0
    return np.minimum(joined, max(number - 1, 0))[strata]


def _check_outcome(target: Array, patients: Places, folds: int) -> None:
    values = np.unique(target)
    if values.size != 2:
        return
    for value in values:
        having = np.unique(patients[target == value]).size
        if having < folds:
            raise BadDataError(
                f"Only {having} patients have the outcome {value:g}: {folds} folds need {folds} or more."
            )
