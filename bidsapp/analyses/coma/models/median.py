"""What is said of a patient of whom nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays
from bidsapp.analyses.coma.models.targets import Target, is_outcome
from bidsapp.analyses.coma.patient import Patient


class Median:
    """The median score of the training patients, or the share of them with the outcome."""

    name = "median"
    title = "Median"
    _value: float

    def fit(self, patients: Sequence[Patient], target: Target) -> Self:
        """Learn the median, or the share."""
        self._value = float(target.mean() if is_outcome(target) else np.median(target))
        return self

    def predict(self, patients: Sequence[Patient]) -> Target:
        """Say the same of everybody."""
        return np.full(len(patients), self._value)

    def arrays(self) -> Arrays:
        """Give the number."""
        return {"value": np.array([self._value])}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._value = float(arrays["value"][0])
        return self
