"""What half of the patients would have been worth: whether a larger cohort may bring a better model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bidsapp.analyses.coma.doubt import BASELINE
from bidsapp.analyses.coma.models.registry import models_with
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.rows import Rows
from bidsapp.learning.validation.estimator import Array
from bidsapp.learning.validation.learning_curve import learning_curve
from bidsapp.learning.validation.measures import mae
from bidsapp.learning.validation.splits import repeated_folds

KEY = "error_by_patients"
FEWEST = 20
"""Patients of a half; with fewer, what a model is worth is chance."""


def error_by_patients(rows: Rows, name: str, options: Options, *, seed: int) -> list[list[float]] | None:
    """Give the mean absolute error on left-out patients after learning from half of the others, and from all.

    Returns
    -------
    list or None
        Number of patients to learn from, and the error in points. ``None`` for an outcome, the median, a
        model of volumes (each of the ten fits takes minutes), and where the half has fewer than 20 patients.
    """
    entry = models_with(options.learning)[name]
    if options.kind == "outcome" or name == BASELINE or entry.volumes:
        return None
    fold = repeated_folds(rows.target, rows.groups, folds=options.folds, seed=seed)[0]
    subjects = np.array(rows.groups)
    most = min(len(set(subjects[fold != number])) for number in range(options.folds))
    sizes = [most // 2, most]
    if sizes[0] < FEWEST:
        return None

    def error(truth: Array, predicted: Array) -> Array:
        return mae(truth, np.clip(predicted, *options.limits))  # as a patient's score is

    curve = learning_curve(
        entry, rows.patients, rows.target, rows.groups, error, sizes=sizes, folds=options.folds, seed=seed
    )
    return [[float(size), float(error)] for size, error in zip(sizes, curve.values[0], strict=True)]


def card_sentence(metadata: Mapping[str, object]) -> str:
    """Say the errors, for the model card; empty where none were measured, and of older bundles."""
    points = metadata.get(KEY)
    if not isinstance(points, list):
        return ""
    (fewer, before), (most, after) = points
    return (
        f"Learning from {fewer:.0f} patients, the model is off by {before:.2f} points on average on left-out "
        f"ones, from {most:.0f} by {after:.2f} (one cross-validation): what this falls by is a hint of what "
        "more patients may bring."
    )
