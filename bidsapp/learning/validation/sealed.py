"""Whether something was fitted outside of the fold: a scaler, a choice of features, a harmonisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.learning.validation.estimator import Array, Case, Flags, Make

Pipeline: TypeAlias = Callable[[Sequence[Case], Array, Flags], Array]
"""From patients, labels and who is left out to the predictions of those left out, in their order."""

_TOLERANCE = 1e-4


def check_sealed(
    pipeline: Pipeline[Case],
    patients: Sequence[Case],
    target: Array,
    left_out: Flags,
    *,
    tolerance: float = _TOLERANCE,
) -> None:
    """Refuse a pipeline that learns from patients who are left out, or from their labels.

    The prediction of a left-out patient may change neither with the labels of the left-out patients nor with
    who else is left out. Three runs of the pipeline.

    Parameters
    ----------
    pipeline
        All that happens between the table of patients and the predictions, with a fixed seed.
    patients, target
        One for each row.
    left_out
        Who is left out, shape ``(rows,)``: two or more.
    tolerance
        Difference that counts as rounding, in standard deviations of the labels.

    Raises
    ------
    BadDataError
        A prediction changes.
    ValueError
        Fewer than two rows are left out.
    """
    places = np.flatnonzero(left_out)
    if places.size < 2:
        raise ValueError("A pipeline is checked with two left-out rows or more")
    allowed = tolerance * float(target.std())
    plain = pipeline(patients, target, left_out)
    mirrored = np.where(left_out, target.min() + target.max() - target, target)
    if np.abs(pipeline(patients, mirrored, left_out) - plain).max() > allowed:
        raise BadDataError(
            "Predictions of left-out patients change with their own labels: fit the choice of features and "
            "everything else that sees labels inside the fold."
        )
    kept = ~left_out
    kept[places[0]] = True
    fewer = [patient for patient, keep in zip(patients, kept, strict=True) if keep]
    alone = pipeline(fewer, target[kept], left_out[kept])
    if np.abs(alone[0] - plain[0]) > allowed:
        raise BadDataError(
            "The prediction of a left-out patient changes with the other left-out patients: fit scaling, "
            "harmonisation and everything else inside the fold."
        )


def check_unfitted(make: Make[Case], patients: Sequence[Case]) -> None:
    """Refuse a factory that hands out a fitted model, or the same model twice.

    Raises
    ------
    BadDataError
        A new model predicts before it has learned, or two calls give one object.
    """
    model = make()
    if make() is model:
        raise BadDataError(
            f"The factory of {type(model).__name__} gives the same object twice: a new model for each fold."
        )
    try:
        model.predict(patients)
    except Exception:  # which error it is depends on the model
        return
    raise BadDataError(
        f"{type(model).__name__} predicts before it was fitted: it knows patients from outside of the fold."
    )
