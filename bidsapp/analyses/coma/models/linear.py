"""Ridge regression of a score, penalised logistic regression of an outcome, on any features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix, below, prefixed
from bidsapp.analyses.coma.models.head import Head, fit_head
from bidsapp.analyses.coma.models.tabular import Tabular
from bidsapp.analyses.coma.models.targets import Target
from bidsapp.analyses.coma.patient import Patient, subjects_of


class Linear(Tabular):
    """A penalised linear model."""

    _head: Head

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each column of the table, by name."""
        return dict(zip(self._table.names, self._head.weights.tolist(), strict=True))

    def columns(self, patients: Sequence[Patient]) -> Matrix:
        """Give what the weights multiply, shape (patients, columns)."""
        return self._table.values(patients)

    def fit(self, patients: Sequence[Patient], target: Target) -> Self:
        """Learn columns, scales, the penalty and the weights."""
        columns = self._table.fit(patients).values(patients)
        self._head = fit_head(columns, target, subjects_of(patients))
        return self

    def predict(self, patients: Sequence[Patient]) -> Target:
        """Give the expected score, or the probability of the outcome."""
        return self._head.predict(self._table.values(patients))

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        return {**prefixed("table", self._table.arrays()), **prefixed("head", self._head.arrays())}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._table.restore(below("table", arrays))
        self._head = Head.restore(below("head", arrays))
        return self
