"""How steady a measure is within a person: what tells noise of scan and method from a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bidsapp.findings import Cell
from bidsapp.reports.cohort_tables import ScoreTable, file_label, write_rows
from bidsapp.reports.collect import Visit


@dataclass(frozen=True)
class Steadiness:
    """One measure in the sessions of one person.

    Attributes
    ----------
    cv
        Within-person coefficient of variation, per cent: standard deviation (n - 1) over the mean; ``None``
        where the mean is 0.
    """

    subject: str
    measure: str
    sessions: int
    mean: float
    sd: float
    cv: float | None


def find_steadiness(
    table: ScoreTable, visits: Sequence[Visit], measures: Sequence[str]
) -> tuple[Steadiness, ...]:
    """Describe ``measures`` of an analysis in each person with two sessions or more.

    Nobody says which sessions are scans anew on one day: disease that goes on counts as variation too.
    """
    found = []
    for measure in measures:
        values = table.values(measure)
        by_subject: dict[str, list[float]] = {}
        for visit in visits:
            if visit.name in values:
                by_subject.setdefault(visit.subject, []).append(values[visit.name])
        for subject, own in by_subject.items():
            if len(own) > 1:
                mean, sd = float(np.mean(own)), float(np.std(own, ddof=1))
                cv = 100 * sd / mean if mean > 0 else None
                found.append(Steadiness(subject, measure, len(own), mean, sd, cv))
    return tuple(found)


def pooled_cv(rows: Sequence[Steadiness]) -> dict[str, tuple[float, int]]:
    """Give, by measure, the root mean square of the people's CV (per cent) and their number.

    Quan and Shih, 1996, Biometrics 52:1195, doi:10.2307/2532835.
    """
    squares: dict[str, list[float]] = {}
    for row in rows:
        if row.cv is not None:
            squares.setdefault(row.measure, []).append(row.cv**2)
    return {name: (float(np.sqrt(np.mean(own))), len(own)) for name, own in squares.items()}


def write_steadiness(output_dir: Path, found: Mapping[str, Sequence[Steadiness]]) -> list[Path]:
    """Write ``group_<analysis>_stability.tsv`` for each analysis that has any."""
    written = []
    for analysis, own in found.items():
        rows: list[dict[str, Cell]] = [
            {
                "participant_id": f"sub-{row.subject}",
                "measure": row.measure,
                "sessions": row.sessions,
                "mean": row.mean,
                "sd": row.sd,
                "cv_percent": row.cv,
            }
            for row in own
        ]
        if rows:
            written.append(write_rows(output_dir / f"group_{file_label(analysis)}_stability.tsv", rows))
    return written
