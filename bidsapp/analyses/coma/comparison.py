"""All models on the same folds of patients, what each one is worth, and the one that a bundle takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bidsapp.analyses.coma.models.registry import MODELS, applicable, models_with
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.rows import Rows
from bidsapp.errors import BadDataError
from bidsapp.learning.validation.bootstrap import intervals
from bidsapp.learning.validation.estimator import Array
from bidsapp.learning.validation.measures import OF_OUTCOMES, OF_SCORES, Measure
from bidsapp.learning.validation.out_of_fold import OutOfFold, out_of_fold
from bidsapp.learning.validation.permutation import cross_validated, permutation_test
from bidsapp.learning.validation.selection import Choice, absolute_error, choose, select_nested, squared_error
from bidsapp.learning.validation.splits import codes_of


@dataclass(frozen=True, eq=False)
class Comparison:
    """What cross-validation says of a cohort.

    Attributes
    ----------
    left_out
        Predictions of each model, from small to large.
    measures
        Of each model: value, and the ends of its 95 % interval over patients. ``chosen`` is that of the
        whole procedure with the choice of the model inside, where one is chosen.
    choice
        The model that was taken, and why.
    p
        Of the chosen model against shuffled labels; ``None`` where no permutation was asked for, or the
        baseline was chosen.
    absent
        Models that were not compared, and why.
    """

    left_out: Mapping[str, OutOfFold]
    measures: Mapping[str, Mapping[str, tuple[float, float, float]]]
    choice: Choice
    p: float | None
    absent: Mapping[str, str]


def compare(rows: Rows, options: Options, *, seed: int, take: str = "") -> Comparison:
    """Cross-validate every model that the patients have the material for, and choose.

    The model that is chosen is the simplest one whose mean loss (absolute error of a score, squared error of
    a probability) is within one standard error of the best's. Where one is to be taken by name (``take``),
    nothing is chosen: the choice is neither left out nor tested.

    Raises
    ------
    BadDataError
        The recipe names a model that does not exist, or the patients cannot be split.
    """
    unknown = [name for name in options.models if name not in MODELS]
    if unknown:
        raise BadDataError(f"Recipe key 'models' names '{unknown[0]}'; there are {', '.join(MODELS)}.")
    fit_for = applicable(rows.patients)
    names = [name for name in options.models if name in fit_for.names]
    models = models_with(options.learning)
    folds = {"folds": options.folds, "seed": seed}
    left_out = {
        name: out_of_fold(
            models[name], rows.patients, rows.target, rows.groups, repeats=options.repeats, **folds
        )
        for name in names
    }
    loss = squared_error if options.kind == "outcome" else absolute_error
    choice = choose(
        {name: _by_patient(loss(rows.target, own.predictions), rows) for name, own in left_out.items()}
    )
    predictions = {name: own.predictions for name, own in left_out.items()}
    if not take:
        predictions["chosen"] = select_nested(
            {name: models[name] for name in names}, rows.patients, rows.target, rows.groups,
            inner_folds=options.inner_folds, loss=loss, **folds,
        ).predictions  # fmt: skip
    return Comparison(
        left_out=left_out,
        measures={name: _measure(rows, own, options, seed) for name, own in predictions.items()},
        choice=replace(choice, name=take) if take else choice,
        p=_p(rows, choice.name, options, seed) if choice.name != names[0] and not take else None,
        absent={name: fit_for.reasons[name] for name in options.models if name not in names},
    )


def measures_of(options: Options) -> Mapping[str, Measure]:
    """Give what is measured of a score, or of an outcome."""
    return OF_OUTCOMES if options.kind == "outcome" else OF_SCORES


def _measure(
    rows: Rows, predictions: Array, options: Options, seed: int
) -> dict[str, tuple[float, float, float]]:
    found = intervals(
        measures_of(options), rows.target, predictions, rows.groups, resamples=options.resamples, seed=seed
    )
    return {name: (item.value, item.low, item.high) for name, item in found.items()}


def _by_patient(losses: Array, rows: Rows) -> Array:
    """Average losses of shape (repeats, rows) over repeats and rows of a patient."""
    codes = codes_of(rows.groups)
    return np.asarray(np.bincount(codes, weights=losses.mean(axis=0)) / np.bincount(codes))


def _p(rows: Rows, name: str, options: Options, seed: int) -> float | None:
    if not options.permutations:
        return None
    measure, higher = (OF_OUTCOMES["auc"], True) if options.kind == "outcome" else (OF_SCORES["mae"], False)
    statistic = cross_validated(
        models_with(options.learning)[name],
        rows.patients,
        rows.groups,
        measure,
        folds=options.folds,
        seed=seed,
        higher_is_better=higher,
    )
    return permutation_test(
        statistic, rows.target, rows.groups, permutations=options.permutations, seed=seed
    ).p
