"""A linear head on a table of features with any loss for ordered levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays, Features, below, prefixed
from bidsapp.analyses.coma.models.settings import Learning, Levels
from bidsapp.analyses.coma.models.tabular import Tabular
from bidsapp.analyses.coma.models.targets import Target, is_outcome
from bidsapp.analyses.coma.patient import Patient

if TYPE_CHECKING:
    from bidsapp.learning.tabular import HeadSettings, OrdinalHead

PENALTIES = (10.0, 1.0, 0.1, 0.01)


class Ordinal(Tabular):
    """A linear head (:class:`bidsapp.learning.tabular.OrdinalHead`) with the loss that the recipe names.

    Penalty and number of epochs are chosen by inner folds. With the curriculum ``easiest`` patients with the
    most images and signals come first. An outcome is learned with cross-entropy, whatever the loss.

    Parameters
    ----------
    name, title, features
        See :class:`~bidsapp.analyses.coma.models.tabular.Tabular`.
    learning
        Loss, balance, curriculum and standard error of the label.
    """

    _outcome: bool
    _head: OrdinalHead

    def __init__(self, name: str, title: str, features: Sequence[Features], learning: Learning) -> None:
        super().__init__(name, title, features)
        self._learning = learning

    def fit(self, patients: Sequence[Patient], target: Target) -> Self:
        """Learn scales, penalty, epochs and weights.

        Raises
        ------
        BadDataError
            A label is no level of the scale, and the loss is one that needs levels.
        """
        from bidsapp.learning.tabular import OrdinalHead

        self._outcome = is_outcome(target)
        self._head = OrdinalHead(self._settings()).fit(
            self._table.fit(patients).values(patients),
            target - self._levels.lowest,
            standard_error=self._levels.error,
            difficulty=difficulty(patients),
        )
        return self

    def predict(self, patients: Sequence[Patient]) -> Target:
        """Give the expected score, or the probability of the outcome."""
        return self._head.predict(self._table.values(patients)) + self._levels.lowest

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        outcome = np.array([self._outcome], dtype=np.uint8)
        learned = {**prefixed("table", self._table.arrays()), **prefixed("head", self._head.arrays())}
        return {"outcome": outcome, **learned}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        from bidsapp.learning.tabular import OrdinalHead

        self._outcome = bool(arrays["outcome"][0])
        self._table.restore(below("table", arrays))
        self._head = OrdinalHead(self._settings()).restore(below("head", arrays))
        return self

    @property
    def _levels(self) -> Levels:
        return Levels.of(self._learning, outcome=self._outcome)

    def _settings(self) -> HeadSettings:
        """Give those of the head; the table is on one scale, which standardising each column would undo."""
        from bidsapp.learning.curriculum import Curriculum
        from bidsapp.learning.tabular import HeadSettings

        return HeadSettings(
            levels=self._levels.count,
            loss=self._levels.loss,
            penalties=PENALTIES,
            standardise=False,
            balance=self._learning.balance,
            curriculum=Curriculum(kind=self._learning.curriculum),
        )


def difficulty(patients: Sequence[Patient]) -> Target:
    """Give how hard each patient is to tell, for a curriculum: the fewer images and signals, the harder."""
    images = [{*patient.volumes, *patient.regions} for patient in patients]
    known = [len(own) + len(patient.series) for own, patient in zip(images, patients, strict=True)]
    return -np.array(known, dtype=np.float64)
