"""What moved the predictions of a cohort: the mean over people of contributions that passed their control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bidsapp.findings import Cell, Column, Findings, Table
from bidsapp.reports.cohort_tables import file_label, write_rows
from bidsapp.reports.collect import Visit
from bidsapp.reports.numbers import decimals_of, write_number

FEWEST = 2
"""People that a mean is made of at least."""


@dataclass(frozen=True)
class MeanReason:
    """One feature over people.

    Attributes
    ----------
    mean, sd
        Of the contribution, with its sign.
    size
        Mean of the contribution without its sign: a feature may raise the score of one and lower that of
        another person.
    """

    feature: str
    mean: float
    sd: float
    size: float


@dataclass(frozen=True)
class MeanReasons:
    """All features of one bundle, the largest first.

    Attributes
    ----------
    analysis, title, bundle
        Whose predictions, and by which model; different models' contributions have no common mean.
    people
        How many; each counts once, with the first session that has any.
    column
        Meaning of the contribution, with the sentence of its control.
    """

    analysis: str
    title: str
    bundle: str
    people: int
    column: Column
    rows: tuple[MeanReason, ...]


def average_reasons(visits: Sequence[Visit]) -> tuple[MeanReasons, ...]:
    """Average the tables shown as ``reasons``; findings without one did not pass, and are not in it."""
    own: dict[tuple[str, str], dict[str, tuple[Findings, Table]]] = {}
    for visit in visits:
        for findings in visit.findings:
            key = (findings.analysis, findings.provenance.get("bundle_sha256", ""))
            for table in findings.tables:
                if table.display == "reasons":
                    own.setdefault(key, {}).setdefault(visit.subject, (findings, table))
    return tuple(
        _average(list(people.values())) for _, people in sorted(own.items()) if len(people) >= FEWEST
    )


def write_mean_reasons(output_dir: Path, found: Sequence[MeanReasons]) -> list[Path]:
    """Write ``group_<analysis>_reasons.tsv``, the bundles of an analysis below each other."""
    files: dict[str, list[dict[str, Cell]]] = {}
    for each in found:
        start: dict[str, Cell] = {"bundle": each.bundle, "people": each.people}
        files.setdefault(each.analysis, []).extend(
            {**start, "feature": row.feature, "mean": row.mean, "sd": row.sd, "mean_size": row.size}
            for row in each.rows
        )
    return [write_rows(output_dir / file_of(name), rows) for name, rows in files.items()]


@dataclass(frozen=True)
class ReasonRow:
    """One feature as text."""

    feature: str
    size: str
    mean: str
    sd: str


@dataclass(frozen=True)
class ReasonsView:
    """What the group page shows of one bundle's reasons."""

    title: str
    bundle: str
    people: int
    unit: str
    about: str
    file: str
    rows: tuple[ReasonRow, ...]


def make_reasons_view(found: MeanReasons) -> ReasonsView:
    """Write reasons as text."""
    places = decimals_of([row.size for row in found.rows])
    rows = tuple(
        ReasonRow(row.feature, *(write_number(value, places) for value in (row.size, row.mean, row.sd)))
        for row in found.rows
    )
    file = file_of(found.analysis)
    column = found.column
    return ReasonsView(found.title, found.bundle, found.people, column.unit, column.description, file, rows)


def file_of(analysis: str) -> str:
    """Name the table of an analysis."""
    return f"group_{file_label(analysis)}_reasons.tsv"


def _average(people: Sequence[tuple[Findings, Table]]) -> MeanReasons:
    findings, table = people[0]
    each = [_contributions(table) for _, table in people]
    names = list(dict.fromkeys(name for own in each for name in own))
    values = np.array([[own.get(name, 0.0) for name in names] for own in each])
    sizes = np.abs(values).mean(axis=0)
    rows = [
        MeanReason(names[place], float(column.mean()), float(column.std(ddof=1)), float(sizes[place]))
        for place, column in enumerate(values.T)
    ]
    rows.sort(key=lambda row: (-row.size, row.feature))
    place = [column.name for column in table.columns].index("contribution")
    bundle = findings.provenance.get("bundle", "")
    return MeanReasons(
        findings.analysis, findings.title, bundle, len(people), table.columns[place], tuple(rows)
    )


def _contributions(table: Table) -> dict[str, float]:
    names = [column.name for column in table.columns]
    feature, value = names.index("feature"), names.index("contribution")
    return {str(row[feature]): float(row[value] or 0) for row in table.rows}
