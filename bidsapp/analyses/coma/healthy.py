"""Tells patients from the healthy controls that a cohort brings: who looks healthy gets no score.

A reference made of patients alone cannot tell: a healthy brain lies in the midst of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.features.connectivity import Connectivity
from bidsapp.analyses.coma.features.protocol import Arrays, below, pack_names, prefixed, unpack_names
from bidsapp.analyses.coma.features.regional import Regional
from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.patient import ANOMALY, Patient
from bidsapp.errors import BadDataError
from bidsapp.learning.confidence.cross_fit import CrossFit, cross_fit

HEALTHY = "healthy"
"""File of a bundle that holds a guard."""
_SERIES = "bold-series"
FOLDS = 5
_SHARE = 0.5
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Guard:
    """Models of "healthy or patient", and how healthy each training patient looks to the one without it.

    Attributes
    ----------
    keys
        What is read: images by key, and ``bold-series``.
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
            ``None`` for somebody who has nothing that is read.
        """
        seen = only(person, self.keys)
        if not seen.regions and not seen.series:
            return None
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


def fit_guard(patients: Sequence[Patient], controls: Sequence[Patient], *, seed: int) -> Guard:
    """Learn to tell patients from healthy controls, by linear models of five folds of people.

    They read the means of regions and the connectivity of the resting state, never bedside facts, and never
    what is missing: who was scanned with what tells patients from volunteers, not disease.

    Raises
    ------
    BadDataError
        Patients and controls have no image or series in common, or there are fewer than five of either.
    """
    keys = shared(patients, controls)
    crossed, labels = cross_groups(patients, controls, keys, seed)
    ill = labels == 0
    return Guard(
        keys, cast("tuple[Linear, ...]", crossed.models), crossed.state.fold[ill], crossed.left_out[ill]
    )


def shared(patients: Sequence[Patient], controls: Sequence[Patient]) -> tuple[str, ...]:
    """Give the images, and ``bold-series``, that half of the patients and half of the controls have.

    Raises
    ------
    BadDataError
        There are none.
    """
    sides = [[parts_of(person) for person in side] for side in (patients, controls)]
    known = sorted({key for side in sides for own in side for key in own})
    both = [key for key in known if all(sum(key in own for own in s) >= _SHARE * len(s) for s in sides)]
    if not both:
        raise BadDataError(
            "--controls: no image and no resting-state signals are there of half of the patients and of half "
            "of the healthy controls; prepare both alike, or leave --controls out."
        )
    return tuple(both)


def parts_of(person: Patient) -> frozenset[str]:
    """Give what a guard could read; an anomaly map rests on healthy people, maybe on these, so it is not."""
    images = {key for key, own in person.regions.items() if own and not key.startswith(ANOMALY)}
    return frozenset(images | ({_SERIES} if "bold" in person.series else set()))


def only(person: Patient, keys: Sequence[str]) -> Patient:
    """Leave of a person only these images and series, and nothing of the bedside."""
    return replace(
        person,
        volumes={},
        series={"bold": person.series["bold"]} if _SERIES in keys and "bold" in person.series else {},
        regions={key: own for key, own in person.regions.items() if key in keys},
        clinical={},
    )


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
