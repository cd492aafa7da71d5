"""Lines the numbers of an analysis up: one row for each person of two groups, one column for each measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bidsapp.findings import Cell, Findings
from bidsapp.learning.group_tests import Array, Flags
from bidsapp.reports.collect import PREPARATION, Visit
from bidsapp.reports.numbers import count
from bidsapp.reports.two_groups import Groups

Key = tuple[str, str]  # title of the table (empty for a score), and name

_MODEL = ("bundle", "bundle_version", "bundle_sha256")  # of the provenance of findings


@dataclass(frozen=True)
class Measure:
    """One column: a score of the subject, or the value of a region.

    ``table`` is the title of the regions' table; ``hemisphere`` is empty where the table has none.
    """

    kind: Literal["score", "region"]
    name: str
    table: str = ""
    hemisphere: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Sheet:
    """Numbers of one analysis.

    Attributes
    ----------
    patient
        Who is a patient, shape ``(people,)``; the others are controls.
    values
        Shape ``(people, measures)``; NaN where a person has no value.
    notes
        What was left out, or makes values hard to compare.
    """

    analysis: str
    title: str
    subjects: tuple[str, ...]
    patient: Flags
    measures: tuple[Measure, ...]
    values: Array
    notes: tuple[str, ...]


def make_sheets(visits: Sequence[Visit], groups: Groups) -> list[Sheet]:
    """Make a sheet of each analysis, by name; of each person the first session that has findings of it."""
    members = groups.patients | groups.controls
    chosen: dict[str, dict[str, Findings]] = {}
    later: dict[str, int] = {}
    for visit in visits:
        for each in visit.findings if visit.subject in members else ():
            if each.analysis == PREPARATION:
                continue
            own = chosen.setdefault(each.analysis, {})
            later[each.analysis] = later.get(each.analysis, 0) + (visit.subject in own)
            own.setdefault(visit.subject, each)
    return [_sheet(own, groups, later[analysis]) for analysis, own in sorted(chosen.items())]


def _sheet(findings: Mapping[str, Findings], groups: Groups, later: int) -> Sheet:
    measures: dict[Key, Measure] = {}
    cells: list[dict[Key, float]] = []
    for each in findings.values():
        own: dict[Key, float] = {}
        for measure, value in (*_scores(each), *_regions(each)):
            key = (measure.table, measure.name)
            measures.setdefault(key, measure)
            own[key] = value
        cells.append(own)
    values = [[own.get(key, np.nan) for key in measures] for own in cells]
    first = next(iter(findings.values()))
    note = f"Each person counts once: {count(later, 'later session')} left out." if later else ""
    return Sheet(
        analysis=first.analysis,
        title=first.title,
        subjects=tuple(findings),
        patient=np.array([subject in groups.patients for subject in findings]),
        measures=tuple(measures.values()),
        values=np.array(values, dtype=np.float64).reshape(len(cells), len(measures)),
        notes=tuple(text for text in (note, mixture(findings.values())) if text),
    )


def _scores(findings: Findings) -> list[tuple[Measure, float]]:
    return [
        (Measure("score", score.name, unit=score.unit), float(score.value))
        for score in findings.scores
        if score.value is not None
    ]


def _regions(findings: Findings) -> list[tuple[Measure, float]]:
    """Read ``region``, ``value`` and, where there is one, ``hemisphere`` of every table of regions."""
    found = []
    for table in findings.tables:
        names = [column.name for column in table.columns]
        if table.display != "regions" or not {"region", "value"} <= set(names):
            continue
        unit = table.columns[names.index("value")].unit
        for row in table.rows:
            cells = dict(zip(names, row, strict=True))
            number = _number(cells["value"])
            if number is not None:
                side = str(cells.get("hemisphere") or "")
                measure = Measure("region", str(cells["region"]).replace("_", " "), table.title, side, unit)
                found.append((measure, number))
    return found


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else None


def mixture(findings: Iterable[Findings]) -> str:
    """Say when people were judged by different models; empty when by one."""
    used = {tuple(each.provenance.get(key) for key in _MODEL) for each in findings}
    if len(used) < 2:
        return ""
    return (
        f"People were judged by {len(used)} different bundles, so their values may not be comparable; run "
        "participant again with one bundle for all."
    )
