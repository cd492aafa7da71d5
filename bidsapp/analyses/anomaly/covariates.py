"""Age, sex and scanner of a member as a row of the regression's design."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.anomaly.scanner import Scanners
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError

_SEXES = {"f": -0.5, "female": -0.5, "w": -0.5, "m": 0.5, "male": 0.5}
_FEWEST_OF_A_SEX = 5


@dataclass(frozen=True)
class Design:
    """Which covariates a model uses, and the range of age that it knows.

    ``terms`` are of ``age``, ``age_squared``, ``sex``, ``scanner``; empty for the model of the mean alone.
    Ages are centred on ``age_centre`` and divided by ``age_scale`` (years).
    """

    terms: tuple[str, ...] = ()
    age_centre: float = 0.0
    age_scale: float = 1.0
    age_range: tuple[float, float] = (-math.inf, math.inf)
    scanners: Scanners = field(default_factory=Scanners)

    def row(self, member: Member) -> NDArray[np.float64] | None:
        """Give the member's row, shape ``(columns,)``, or nothing when a covariate is missing.

        There is a column for the mean and for each term; ``scanner`` has one less than there are scanners.
        """
        age, sex = age_of(member), sex_of(member)
        values = [1.0]
        for term in self.terms:
            if term == "scanner":
                values += self.scanners.row(member)
                continue
            if (sex if term == "sex" else age) is None:
                return None
            centred = 0.0 if age is None else (age - self.age_centre) / self.age_scale
            values.append({"age": centred, "age_squared": centred**2, "sex": sex or 0.0}[term])
        return np.asarray(values)

    def matrix(self, members: Sequence[Member]) -> NDArray[np.float64]:
        """Give the design of members who all have the covariates, shape ``(members, columns)``."""
        rows = [(member.name, self.row(member)) for member in members]
        for name, row in rows:
            if row is None:
                raise BadDataError(f"{name} lacks a covariate of the model ({', '.join(self.terms)}).")
        return np.stack([row for _, row in rows if row is not None])

    def as_metadata(self) -> dict[str, object]:
        """Give the content for a bundle's metadata."""
        return {
            "terms": list(self.terms),
            "age_centre": self.age_centre,
            "age_scale": self.age_scale,
            "age_range": list(self.age_range) if math.isfinite(self.age_range[0]) else None,
            "scanners": self.scanners.as_metadata() if "scanner" in self.terms else None,
        }

    @classmethod
    def of_metadata(cls, content: Mapping[str, object]) -> Design:
        """Read what :meth:`as_metadata` gave."""
        terms, span = content.get("terms"), content.get("age_range")
        return cls(
            tuple(str(term) for term in terms) if isinstance(terms, list) else (),
            float(str(content.get("age_centre", 0.0))),
            float(str(content.get("age_scale", 1.0))),
            (float(span[0]), float(span[1])) if isinstance(span, list) else (-math.inf, math.inf),
            Scanners.of_metadata(content.get("scanners")),
        )


def age_of(member: Member) -> float | None:
    """Give the age in years, if it is known and a finite number."""
    try:
        age = float(member.covariates["age"])
    except (KeyError, ValueError):
        return None
    return age if math.isfinite(age) else None


def sex_of(member: Member) -> float | None:
    """Give -0.5 for female, 0.5 for male, nothing where it is not known."""
    return _SEXES.get(str(member.covariates.get("sex", "")).strip().lower())


def usable_design(members: Sequence[Member], wanted: Sequence[str]) -> tuple[Design, list[str]]:
    """Choose the covariates that all controls have and that vary; say why others are left out."""
    notes: list[str] = []
    terms: list[str] = []
    ages = [age_of(member) for member in members]
    sexes = [sex_of(member) for member in members]
    known_ages = [age for age in ages if age is not None]
    for term in (name for name in wanted if name != "scanner"):
        values = sexes if term == "sex" else ages
        missing = sum(value is None for value in values)
        if missing:
            notes.append(f"{term} is not used: {missing} of {len(members)} controls have no value.")
        elif term == "sex" and min(values.count(-0.5), values.count(0.5)) < _FEWEST_OF_A_SEX:
            notes.append(f"sex is not used: fewer than {_FEWEST_OF_A_SEX} controls of one sex.")
        elif term != "sex" and np.ptp(known_ages) == 0:
            notes.append(f"{term} is not used: all controls have one age.")
        else:
            terms.append(term)
    design = Design(tuple(terms))
    if any(term.startswith("age") for term in terms):
        span = (min(known_ages), max(known_ages))
        design = Design(tuple(terms), float(np.mean(known_ages)), float(np.std(known_ages)), span)
    if "scanner" not in wanted:
        return design, notes
    design, note = _with_scanner(design, members)
    return design, [*notes, *([note] if note else [])]


def _with_scanner(design: Design, members: Sequence[Member]) -> tuple[Design, str]:
    """Add the scanner to a design where the controls allow it; give also what is to be said of it."""
    scanners, note = Scanners.of(members)
    if not scanners.levels:
        return design, note
    extended = replace(design, terms=(*design.terms, "scanner"), scanners=scanners)
    matrix = extended.matrix(members)
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        return design, f"scanner is not used: {scanners.column} goes along with the other covariates."
    return extended, note
