"""Tells patients from the healthy controls that a cohort brings: who looks healthy gets no score.

A reference made of patients alone cannot tell: a healthy brain lies in the midst of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.features.connectivity import Connectivity
from bidsapp.analyses.coma.features.protocol import Arrays, below, pack_names, prefixed, unpack_names
from bidsapp.analyses.coma.features.regional import Regional
from bidsapp.analyses.coma.healthy_parts import complete, only
from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.patient import Patient
from bidsapp.learning.confidence.cross_fit import CrossFit, cross_fit

HEALTHY = "healthy"
"""File of a bundle that holds a guard."""
FOLDS = 5
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Guard:
    """Models of "healthy or patient", and how healthy each training patient looks to the one without it.

    Attributes
    ----------
    keys
        What is read: images by key, and ``bold-series``. All who took part have all of it.
    models
        One for each fold: probability of being a healthy control.
    fold
        In which each row of a patient was left out, shape (rows,).
    left_out
        What the model of that fold says of the row, shape (rows,).
    """

    keys: tuple[str, ...]
    models: tuple[Linear, ...]
    fold: NDArray[np.intp]
    left_out: Values

    def p(self, person: Patient) -> float | None:
        """Give a patient's chance to look as healthy: (1 + left-out rows that do) / (rows + 1).

        A person and a row are compared within the model that has seen neither (cross-conformal; Vovk 2015,
        Ann Math Artif Intell 74:9).

        Returns
        -------
        float
            ``None`` for somebody who lacks an image or series that is read: the mean of patients and controls
            in its place would make a patient look healthy.
        """
        if not complete([person], self.keys):
            return None
        seen = only(person, self.keys)
        own = np.array([model.predict([seen])[0] for model in self.models])
        return (1 + int((self.left_out >= own[self.fold]).sum())) / (self.fold.size + 1)

    def limit(self, alpha: float) -> float:
        """Give the p at which a person is refused; few patients know none below 1 / (rows + 1)."""
        return max(alpha, 1 / (self.fold.size + 1))

    def refuses(self, person: Patient, alpha: float) -> bool:
        """Tell whether a person cannot be told from the controls."""
        p = self.p(person)
        return p is not None and p <= self.limit(alpha)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Give the content of the bundle's file."""
        own: dict[str, NDArray[np.generic]] = {
            "keys": pack_names(self.keys),
            "fold": self.fold,
            "left_out": self.left_out,
        }
        for number, model in enumerate(self.models):
            own |= prefixed(f"fold_{number}", model.arrays())
        return own

    @classmethod
    def restore(cls, arrays: Arrays) -> Guard:
        """Take what :meth:`arrays` gave."""
        fold = arrays["fold"].astype(np.intp)
        return cls(
            keys=unpack_names(arrays["keys"]),
            models=tuple(
                _model().restore(below(f"fold_{number}", arrays)) for number in range(int(fold.max()) + 1)
            ),
            fold=fold,
            left_out=arrays["left_out"].astype(np.float64),
        )


def fit_guard(
    patients: Sequence[Patient], controls: Sequence[Patient], keys: Sequence[str], *, seed: int
) -> Guard:
    """Learn to tell patients from healthy controls, by linear models of five folds of people.

    They read the means of regions and the connectivity of the resting state, never bedside facts, and never
    what is missing: who was scanned with what tells patients from volunteers, not disease.

    Parameters
    ----------
    patients, controls
        Those who lack one of ``keys`` take no part.
    keys
        What is read, see :func:`~bidsapp.analyses.coma.healthy_parts.shared`.
    seed
        Of the folds.

    Raises
    ------
    BadDataError
        Fewer than five patients or five controls have all that is read.
    """
    crossed, labels = cross_groups(complete(patients, keys), complete(controls, keys), keys, seed)
    ill = labels == 0
    models = cast("tuple[Linear, ...]", crossed.models)
    return Guard(tuple(keys), models, crossed.state.fold[ill], crossed.left_out[ill])


def _model() -> Linear:
    return Linear("healthy", "Healthy or patient", [Regional(), Connectivity("tangent")], gaps=False)


def cross_groups(
    patients: Sequence[Patient], controls: Sequence[Patient], keys: Sequence[str], seed: int
) -> tuple[CrossFit[Patient], Values]:
    """Fit the models of the folds on the parts of everybody that are among ``keys``.

    Returns
    -------
    crossed, labels
        Models with the left-out prediction of each row, patients first; 0 of patients and 1 of controls,
        shape (rows,).
    """
    people = [only(person, keys) for person in (*patients, *controls)]
    labels = np.repeat([0.0, 1.0], [len(patients), len(controls)])
    names = [person.subject for person in people]
    return cross_fit(_model, people, labels, names, folds=FOLDS, seed=seed), labels
