"""Refuses a cohort that is too small for the folds or the reference of its recipe, before any fit."""

from __future__ import annotations

import numpy as np

from bidsapp.analyses.coma.emptiness import nothing_in, showing
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.rows import Rows
from bidsapp.errors import BadDataError
from bidsapp.learning.confidence.reference import FEWEST
from bidsapp.learning.validation.estimator import Places, take
from bidsapp.learning.validation.splits import repeated_folds

_LEAST = 2
"""Patients of either outcome that a model needs."""


def check_cohort(rows: Rows, options: Options, *, seed: int, choosing: bool) -> None:
    """Check all that :func:`~bidsapp.analyses.coma.train.fit_bundle` will ask of the number of patients.

    Parameters
    ----------
    rows, options, seed
        Of the training.
    choosing
        Whether a model is chosen, which splits the training side of each fold again.

    Raises
    ------
    BadDataError
        Too few patients show a brain, or too few remain beside a fold; the sentence says what helps.
    """
    _check_reference(rows, options)
    everybody = np.arange(rows.target.size)
    sides = _training_sides(rows, everybody, options.folds, "folds", "There are", seed)
    remain = f"Beside one of folds = {options.folds} there remain"
    if choosing:
        sides = [
            inner
            for side in sides
            for inner in _training_sides(rows, side, options.inner_folds, "inner_folds", remain, seed)
        ]
    if options.kind == "outcome":
        _check_outcomes(rows, sides)
        return
    for side in _training_sides(rows, everybody, options.folds, "folds", "There are", seed + 1):
        _training_sides(rows, side, options.folds, "folds", remain, seed)


def _training_sides(rows: Rows, among: Places, folds: int, key: str, remain: str, seed: int) -> list[Places]:
    """Split some rows into folds; the other rows of each, as places among all rows."""
    target, groups = rows.target[among], take(rows.groups, among)
    patients = len(set(groups))
    fewest, who = patients, "patients"
    values = np.unique(target)
    if values.size == 2 and folds != patients:
        having = {float(value): len(set(take(groups, np.flatnonzero(target == value)))) for value in values}
        rarer = min(having, key=having.__getitem__)
        fewest, who = having[rarer], f"patients of whom '{rows.name}' is {rarer:g}"
    if fewest < folds:
        raise BadDataError(
            f"{remain} {fewest} {who}, too few for {key} = {folds}: lower '{key}' in the recipe, or add "
            "patients."
        )
    fold = repeated_folds(target, groups, folds=folds, seed=seed)[0]
    return [among[fold != number] for number in range(folds)]


def _check_outcomes(rows: Rows, sides: list[Places]) -> None:
    """Refuse folds that leave a model too few patients who have, or who never have, the outcome."""
    for side in sides:
        groups, ill = take(rows.groups, side), np.flatnonzero(rows.target[side] == 1)
        having = set(take(groups, ill))
        fewest = min(len(having), len(set(groups) - having))
        if fewest < _LEAST:
            raise BadDataError(
                f"The folds leave {fewest} patients of the rarer outcome of '{rows.name}' to learn from, and "
                f"a model needs {_LEAST} of each: raise 'folds' and 'inner_folds' in the recipe, or add "
                "patients."
            )


def _check_reference(rows: Rows, options: Options) -> None:
    """Refuse a cohort of whom too few show a brain for others to be compared with them."""
    empty = [patient for patient in rows.patients if nothing_in(patient)]
    shown = len({patient.subject for patient in showing(rows.patients)})
    if options.reference_alpha and empty and shown < FEWEST:
        raise BadDataError(
            f"{shown} of {rows.subjects} patients have images and signals that show a brain, and {FEWEST} "
            f"are needed to tell who is unlike them (sub-{empty[0].subject}: {nothing_in(empty[0])}): mend "
            "those files, add patients, or set reference_alpha = 0 in the recipe."
        )
