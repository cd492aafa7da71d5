"""What validation asks of a model: it learns from some patients and predicts others, of any kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]
Case = TypeVar("Case")
_Case_contra = TypeVar("_Case_contra", contravariant=True)


class Estimator(Protocol[_Case_contra]):
    """Learns a number of a patient: a score, or the probability of an outcome."""

    def fit(self, patients: Sequence[_Case_contra], target: Array, /) -> Self:
        """Learn from patients and their targets, shape ``(patients,)``, and from nothing else."""
        ...

    def predict(self, patients: Sequence[_Case_contra], /) -> Array:
        """Give one number for each patient, shape ``(patients,)``."""
        ...


Make: TypeAlias = Callable[[], Estimator[Case]]
"""Gives a new model that has learned nothing yet."""


def take(patients: Sequence[Case], places: Iterable[int]) -> list[Case]:
    """Give the patients at these places."""
    return [patients[int(place)] for place in places]


def predict_finite(model: Estimator[Case], patients: Sequence[Case]) -> Array:
    """Predict, and refuse what is not one finite number for each patient.

    Raises
    ------
    ValueError
        A prediction is missing or not finite.
    """
    predicted = np.asarray(model.predict(patients), dtype=np.float64)
    if predicted.shape != (len(patients),) or not np.isfinite(predicted).all():
        name = type(model).__name__
        raise ValueError(
            f"{name} gave predictions of shape {predicted.shape}, {int((~np.isfinite(predicted)).sum())} of "
            f"them not finite, for {len(patients)} patients"
        )
    return predicted
