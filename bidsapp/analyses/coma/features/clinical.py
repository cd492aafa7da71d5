"""What is known at the bedside: numbers as they are, categories as one column for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix, pack_names, unpack_names
from bidsapp.analyses.coma.patient import Patient
from bidsapp.errors import BadDataError

_SINCE = "_since_injury"
_CATEGORIES = "categories"


class Clinical:
    """Covariates of the training patients.

    A time since injury (``days_since_injury``, ``months_since_injury``) enters as log(1 + t), since a month
    tells more in the first year than in the fifth. A number that a patient lacks is NaN, and so are all
    columns of a covariate whose category is lacking, or is one that no training patient had.

    Parameters
    ----------
    only
        Names of the covariates; all if None.
    """

    def __init__(self, only: Sequence[str] | None = None) -> None:
        self._only = None if only is None else frozenset(only)
        self._numbers: tuple[str, ...] = ()
        self._categories: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Numbers, then ``covariate=category``."""
        return self._numbers + self._categories

    @property
    def groups(self) -> tuple[str, ...]:
        """The covariate of each column: a number is missing alone, the categories of a word together."""
        return tuple(name.partition("=")[0] for name in self.names)

    def fit(self, patients: Sequence[Patient]) -> Self:
        """Learn the numbers, and the categories of each other covariate.

        Raises
        ------
        BadDataError
            A covariate is a number in one patient and a word in another.
        """
        numbers, categories = set(), set()
        for patient in patients:
            for name, value in patient.clinical.items():
                if self._only is None or name in self._only:
                    (categories.add(f"{name}={value}") if isinstance(value, str) else numbers.add(name))
        self._numbers, self._categories = tuple(sorted(numbers)), tuple(sorted(categories))
        mixed = numbers & {category.partition("=")[0] for category in categories}
        if mixed:
            raise BadDataError(
                f"{sorted(mixed)[0]} is a number in some patients and a word in others; make it one."
            )
        return self

    def values(self, patients: Sequence[Patient]) -> Matrix:
        """Give the columns, shape (patients, columns).

        Raises
        ------
        BadDataError
            A covariate that was a number in training is a word.
        """
        return np.array([self._row(patient) for patient in patients]).reshape(len(patients), len(self.names))

    def _row(self, patient: Patient) -> list[float]:
        said = {f"{name}={value}" for name, value in patient.clinical.items()}
        known = {category.partition("=")[0] for category in said & set(self._categories)}
        return [
            *(_number(patient, name) for name in self._numbers),
            *(
                float(category in said) if category.partition("=")[0] in known else math.nan
                for category in self._categories
            ),
        ]

    def arrays(self) -> Arrays:
        """Give the names of the columns."""
        return {"numbers": pack_names(self._numbers), _CATEGORIES: pack_names(self._categories)}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._numbers = unpack_names(arrays["numbers"])
        self._categories = unpack_names(arrays[_CATEGORIES])
        return self


def categories_in(arrays: Arrays) -> dict[str, tuple[str, ...]]:
    """Find, among all that a model learned, the categories of each covariate that is a word.

    Parameters
    ----------
    arrays
        Of a model; those of :class:`Clinical` may stand anywhere below it.
    """
    found: dict[str, tuple[str, ...]] = {}
    for key, array in arrays.items():
        for category in unpack_names(array) if key.rpartition(".")[2] == _CATEGORIES else ():
            covariate, _, value = category.partition("=")
            found[covariate] = tuple(dict.fromkeys((*found.get(covariate, ()), value)))
    return found


def _number(patient: Patient, name: str) -> float:
    value = patient.clinical.get(name, math.nan)
    if isinstance(value, str):
        raise BadDataError(
            f"sub-{patient.subject}: {name} is {value!r}, but a number in the training patients."
        )
    if not name.endswith(_SINCE):
        return float(value)
    if value < 0:
        raise BadDataError(
            f"sub-{patient.subject}: {name} is {value:g}; a time since injury is not negative."
        )
    return math.log1p(value)
