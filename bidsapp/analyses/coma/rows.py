"""The patients that a model learns from, with their labels; what must not be known is refused here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.options import FEWEST_PATIENTS, Options
from bidsapp.analyses.coma.patient import ANOMALY, Patient
from bidsapp.errors import BadDataError

if TYPE_CHECKING:
    from bidsapp.cohort import Cohort, Member

LATER = (
    "gos",
    "gose",
    "gos_e",
    "outcome",
    "survival",
    "recovery",
    "mrs",
    "death",
    "gos_followup",
    "crs_r_followup",
)
"""Columns written down after the scan; none may be a covariate."""
_SITES = ("site", "scanner", "centre", "center")


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """One row for each session.

    Attributes
    ----------
    patients
        With the covariates that models may see, and no others.
    target
        Label of each row, shape (rows,).
    categories
        Category of each row as a number, shape (rows,); empty where not all rows have one.
    name
        Column of the label.
    others
        Digest of the bundle of each other analysis whose regional table the patients have, by its name.
    controls
        Healthy people, one for each session; they have no label, and no score is learned from them.
    """

    patients: tuple[Patient, ...]
    target: NDArray[np.float64]
    categories: NDArray[np.intp]
    name: str
    others: Mapping[str, str] = field(default_factory=dict)
    controls: tuple[Patient, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """Subject of each row."""
        return tuple(patient.subject for patient in self.patients)

    @property
    def subjects(self) -> int:
        """Number of subjects."""
        return len(set(self.groups))


def read_rows(cohort: Cohort, target: str, options: Options) -> Rows:
    """Encode every session of a cohort that has a label, and its healthy controls.

    Raises
    ------
    BadDataError
        A label is no number or out of range, there are too few patients or controls, or the label leaks.
    """
    from bidsapp.analyses.coma.encoding import encode
    from bidsapp.analyses.coma.healthy_controls import read_controls
    from bidsapp.analyses.coma.models.registry import MODELS

    members = [member for member in cohort.members if target in member.covariates]
    labels = np.array([label_of(member, target, options) for member in members], dtype=np.float64)
    volumes = any(MODELS[name].volumes for name in options.models if name in MODELS)
    patients = [encode(member, atlas=options.atlas, volumes=volumes) for member in members]
    rows = make_rows(patients, labels, target, options)
    return replace(rows, others=_others(members), controls=read_controls(cohort, rows, options))


def _others(members: Sequence[Member]) -> dict[str, str]:
    """Give the bundle that the anomaly maps are of; the numbers of two are not comparable."""
    digests: dict[str, Member] = {}
    for member in (member for member in members if ANOMALY in member.regions):
        digests.setdefault(member.regions[ANOMALY].bundle, member)
    if len(digests) > 1:
        first, second, *_ = digests.values()
        raise BadDataError(
            f"{second.name}: its anomaly map is of another bundle than that of {first.name}; run the "
            "analysis anomaly with one bundle on all patients."
        )
    return {ANOMALY: next(iter(digests))} if digests else {}


def make_rows(
    patients: Sequence[Patient], labels: NDArray[np.float64], target: str, options: Options
) -> Rows:
    """Check patients and labels, and leave only the covariates that the recipe names.

    Raises
    ------
    BadDataError
        There are too few patients, or the label leaks: through a column, a site, or an image that two share.
    """
    from bidsapp.learning.validation.guards import (
        check_category,
        check_columns,
        check_covariates,
        check_images,
    )

    subjects = {patient.subject for patient in patients}
    if len(subjects) < options.minimum_patients:
        enough = len(subjects) >= FEWEST_PATIENTS
        lower = f", or lower minimum_patients in the recipe to {len(subjects)}" if enough else ""
        raise BadDataError(
            f"{len(subjects)} patients have a label in column '{target}'; at least "
            f"{options.minimum_patients} are needed: add patients{lower}."
        )
    check_signals(patients)
    check_columns(options.covariates, [*LATER, target])
    check_covariates(_numbers(patients, options.covariates), labels)
    for column in sorted({*options.covariates, *_site_columns(patients)}):
        there = [place for place, patient in enumerate(patients) if column in patient.clinical]
        values = [patients[place].clinical[column] for place in there]
        if column.casefold() in _SITES or any(isinstance(value, str) for value in values):
            check_category(column, [str(value) for value in values], labels[there])
    check_images([digests_of(patient) for patient in patients], [patient.subject for patient in patients])
    return Rows(
        patients=tuple(visible(patient, options) for patient in patients),
        target=labels,
        categories=_categories(patients, options),
        name=target,
    )


def check_signals(patients: Sequence[Patient]) -> None:
    """Refuse signals of different regions: what one patient's column means must hold for all."""
    regions: dict[str, tuple[str, Patient]] = {}
    for patient in patients:
        for key, series in patient.series.items():
            own = "\t".join(series.regions)
            first = regions.setdefault(key, (own, patient))
            if own != first[0]:
                raise BadDataError(
                    f"sub-{patient.subject}: the {key} signals are of other regions than those of "
                    f"sub-{first[1].subject}; extract them by one atlas."
                )


def visible(patient: Patient, options: Options) -> Patient:
    """Leave only the covariates that the recipe names."""
    kept = {key: value for key, value in patient.clinical.items() if key in options.covariates}
    return replace(patient, clinical=kept)


def label_of(member: Member, target: str, options: Options) -> float:
    """Give a member's label.

    Raises
    ------
    BadDataError
        It is no number, or out of the recipe's range.
    """
    value = member.covariates[target]
    low, high = options.limits
    if (
        isinstance(value, str)
        or not low <= value <= high
        or (options.kind == "outcome" and value not in (0, 1))
    ):
        allowed = "0 or 1" if options.kind == "outcome" else f"a number from {low:g} to {high:g}"
        raise BadDataError(
            f"{member.name}: column '{target}' holds {value!r}, which is not {allowed}; mend the table, or "
            "set kind, lowest and highest in the recipe."
        )
    return float(value)


def _categories(patients: Sequence[Patient], options: Options) -> NDArray[np.intp]:
    """Give the place of each patient's category, or nothing where one has none."""
    names = [patient.clinical.get(options.category_column) for patient in patients]
    if options.kind == "outcome" or any(name is None for name in names):
        return np.empty(0, dtype=np.intp)
    unknown = sorted({str(name) for name in names} - set(options.categories))
    if unknown:
        raise BadDataError(
            f"Column '{options.category_column}' holds '{unknown[0]}'; the recipe's categories are "
            f"{', '.join(options.categories)}: mend the table or the recipe."
        )
    return np.array([options.categories.index(str(name)) for name in names], dtype=np.intp)


def _numbers(patients: Sequence[Patient], columns: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Give numeric covariates, NaN where a patient has none."""
    return {
        column: np.array([_number(patient.clinical, column) for patient in patients], dtype=np.float64)
        for column in columns
    }


def _number(clinical: Mapping[str, float | str], column: str) -> float:
    value = clinical.get(column)
    return float(value) if isinstance(value, int | float) else float("nan")


def _site_columns(patients: Sequence[Patient]) -> set[str]:
    """Find the columns that name sites, be it by numbers, whatever their letters' case."""
    return {column for patient in patients for column in patient.clinical if column.casefold() in _SITES}


def digests_of(patient: Patient) -> list[str]:
    """Give a digest of each image and series, as models see it."""
    images = (own for key, own in patient.regions.items() if own and key != ANOMALY)  # which may be all 0
    means = [np.array(list(own.values()), dtype=np.float64) for own in images]
    arrays = [*means, *(series.values for series in patient.series.values())]
    return [hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for array in arrays]
