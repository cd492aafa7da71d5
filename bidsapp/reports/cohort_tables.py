"""Puts the findings of a whole cohort into tables: what the group page shows and what its TSV files hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from bidsapp.files import write_atomically
from bidsapp.findings import Cell, Score, Table
from bidsapp.reports.collect import PREPARATION, Visit
from bidsapp.reports.layout import Limits
from bidsapp.reports.numbers import write_name, write_number
from bidsapp.reports.outliers import robust_z

_RESERVED = {"quality", "report"}
_OWN_PLACE = {"plain", "reasons", "motion"}  # tables whose rows are not about places of the brain


@dataclass
class ScoreTable:
    """The scores of one analysis over the cohort.

    Attributes
    ----------
    measures
        The first score met of each name, in order: it tells description, unit and reference.
    rows
        Scores by name, for each visit that has findings of the analysis.
    with_interval, with_confidence
        Names of the scores that have one in any visit.
    z
        Robust z of each visit's value, by score; only where there are enough values.
    """

    analysis: str
    title: str
    measures: dict[str, Score] = field(default_factory=dict)
    rows: dict[str, dict[str, Score]] = field(default_factory=dict)
    with_interval: set[str] = field(default_factory=set)
    with_confidence: set[str] = field(default_factory=set)
    z: dict[str, dict[str, float]] = field(default_factory=dict)

    def values(self, measure: str) -> dict[str, float]:
        """Give the values that there are, by visit."""
        found = {name: scores.get(measure) for name, scores in self.rows.items()}
        return {name: score.value for name, score in found.items() if score and score.value is not None}


def gather(visits: Iterable[Visit], limits: Limits) -> list[ScoreTable]:
    """Gather one table for each analysis, preprocessing first."""
    tables: dict[str, ScoreTable] = {}
    for visit in visits:
        for each in visit.findings:
            table = tables.setdefault(each.analysis, ScoreTable(each.analysis, each.title))
            table.rows[visit.name] = {score.name: score for score in each.scores}
            for score in each.scores:
                table.measures.setdefault(score.name, score)
                table.with_interval |= {score.name} if score.interval else set()
                table.with_confidence |= {score.name} if score.confidence is not None else set()
    for table in tables.values():
        for measure in table.measures:
            values = table.values(measure)
            if len(values) >= limits.fewest:
                z = robust_z(list(values.values()))
                table.z[measure] = dict(zip(values, (float(item) for item in z), strict=True))
    return sorted(tables.values(), key=lambda table: (table.analysis != PREPARATION, table.analysis))


def reasons(tables: Sequence[ScoreTable], visit: str, limits: Limits, words: Mapping[str, str]) -> list[str]:
    """Say in which measures a visit stands out: a red light, or a robust z beyond the declared limit."""
    found = []
    for table in tables:
        for name, score in table.rows.get(visit, {}).items():
            z = table.z.get(name, {}).get(visit, 0.0)
            why = [] if score.light != "red" else ["outside its limits"]
            if abs(z) > limits.robust_z:
                why.append(f"robust z {write_number(round(z, 1), 1)}")
            if why:
                value = f"{write_number(score.value)} {score.unit}".strip()
                found.append(f"{write_name(name, words)} {value} ({', '.join(why)})")
    return found


def write_tables(output_dir: Path, visits: Sequence[Visit], tables: Sequence[ScoreTable]) -> list[Path]:
    """Write ``group_quality.tsv``, ``group_<analysis>.tsv``, rows of all clusters, lesions, regions."""
    by_name = {visit.name: visit for visit in visits}
    written = []
    for table in tables:
        quality = table.analysis == PREPARATION
        people = list(by_name if quality else table.rows)
        rows = [_row(by_name[who], table, quality) for who in people]
        name = "quality" if quality else file_label(table.analysis)
        written.append(write_rows(output_dir / f"group_{name}.tsv", rows))
    long: dict[str, list[tuple[Visit, Table]]] = {}
    for visit in visits:
        for each in visit.findings:
            for part in each.tables:
                if part.display not in _OWN_PLACE:
                    kind = part.display if part.display in {"clusters", "lesions"} else "regions"
                    long.setdefault(f"{file_label(each.analysis)}_{kind}", []).append((visit, part))
    return written + [_write_long(output_dir / f"group_{name}.tsv", long[name]) for name in sorted(long)]


def _write_long(path: Path, parts: Sequence[tuple[Visit, Table]]) -> Path:
    """Write the rows of many tables below one another, one at a time: of a large cohort they are millions."""
    columns = ["participant_id", "session_id", "table", *(name for _, part in parts for name in _names(part))]
    rows = (
        {**_who(visit), "table": part.title, **dict(zip(_names(part), row, strict=True))}
        for visit, part in parts
        for row in part.rows
    )
    return _write_lines(path, list(dict.fromkeys(columns)), rows)


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def file_label(analysis: str) -> str:
    """Turn the name of an analysis into a part of a file name that no other file of the group has."""
    label = re.sub(r"[^0-9A-Za-z]+", "", analysis) or "unnamed"
    return f"{label}scores" if label in _RESERVED else label


def _row(visit: Visit, table: ScoreTable, quality: bool) -> dict[str, Cell]:
    scores = table.rows.get(visit.name, {})
    row: dict[str, Cell] = dict(_who(visit))
    if quality:
        row |= {"state": visit.state, "exit_code": int(visit.status.exit_code) if visit.status else None}
    for name in table.measures:
        score = scores.get(name)
        row[name] = score.value if score else None
        if quality:
            row[f"{name}_light"] = (score.light or None) if score else None
            continue
        low, high = score.interval if score and score.interval else (None, None)
        if name in table.with_interval:
            row |= {f"{name}_low": low, f"{name}_high": high}
        if name in table.with_confidence:
            row[f"{name}_confidence"] = score.confidence if score else None
    return row


def _who(visit: Visit) -> dict[str, Cell]:
    return {
        "participant_id": f"sub-{visit.subject}",
        "session_id": f"ses-{visit.session}" if visit.session else None,
    }


def write_rows(path: Path, rows: Sequence[Mapping[str, Cell]]) -> Path:
    """Write a table with tabs; ``n/a`` for gaps, six digits of numbers."""
    return _write_lines(path, list(dict.fromkeys(name for row in rows for name in row)), rows)


def _write_lines(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> Path:
    def write(stream: BinaryIO) -> None:
        stream.write(("\t".join(_clean(name) for name in columns) + "\n").encode())
        for row in rows:
            stream.write(("\t".join(_cell(row.get(name)) for name in columns) + "\n").encode())

    return write_atomically(path, write)


def _cell(value: Cell) -> str:
    if value is None or value == "":
        return "n/a"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else _clean(str(value))


def _clean(text: str) -> str:
    """Take out tabs and line breaks: inside of a cell they would make another table."""
    return re.sub(r"[\t\r\n]+", " ", text)
