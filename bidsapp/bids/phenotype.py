"""Bedside scores in ``phenotype/``: exams of the Coma Recovery Scale-Revised come in, predictions go out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bidsapp.bids.sidecars import column_metadata, tsv_text, with_gaps
from bidsapp.bids.tables import TsvTable, as_value, read_tsv
from bidsapp.errors import BadDataError
from bidsapp.files import write_json, write_text
from bidsapp.findings import Cell, Column, Findings, Table

PREDICTED = "crsrpredicted"
PREDICTED_ENTITIES: Mapping[str, str] = {"task": "crsr", "desc": "predicted"}
_SUBSCALE = re.compile(
    r"(?P<scale>crsr)?(?P<name>auditory|visual|oromotor|motor|communication|arousal)"
    r"(function|scale|subscale|score|verbal)*"
)
_TOTAL = re.compile(r"(?P<scale>crsr)(total|score|totalscore|sum)?|(total|totalscore|score|sum)")
_DAYS = re.compile(r"days?((since|post|after|from)(injury|onset|insult))?|dpi")


@dataclass(frozen=True, kw_only=True)
class ExamRow:
    """One row with numbers of a CRS-R exam, as the file has them; checked only for being numbers.

    Attributes
    ----------
    subject, session
        Labels without prefix; ``session`` is ``None`` where the table has no such column or a gap.
    days
        Days since injury.
    total, subscales
        Scores that are there; subscales by ``auditory``, ``visual``, ``motor``, ``oromotor``,
        ``communication``, ``arousal``.
    where
        Subject, row and file, for messages.
    """

    subject: str
    session: str | None = None
    days: float | None = None
    total: float | None = None
    subscales: Mapping[str, float] = field(default_factory=dict)
    where: str = ""


def read_exams(bids_dir: Path) -> tuple[ExamRow, ...]:
    """Read the CRS-R exams of all tables in ``phenotype/``, in the order of files and rows.

    A table is one of exams if a column is named after the scale (``crsr_total``, ``crs_r_visual``), or its
    file is (``crsr.tsv``, then also ``total`` and ``visual``). A subject may have several rows.

    Raises
    ------
    BadDataError
        A table of exams does not name subjects, or a score or day is no number.
    InputOutputError
        A table cannot be opened.
    """
    folder = bids_dir / "phenotype"
    paths = [path for path in sorted(folder.glob("*.tsv")) if path.stem != PREDICTED]
    return tuple(row for path in paths for row in _rows(path, read_tsv(path)))


def exam_columns(file_stem: str, columns: Sequence[str]) -> dict[str, str]:
    """Find the columns of exams: column to ``total``, ``days`` or a subscale; empty without exams."""
    own_file = "crsr" in _plain(file_stem)
    found: dict[str, str] = {}
    for column in columns:
        text = _plain(column)
        if (match := _SUBSCALE.fullmatch(text)) and (own_file or match["scale"]):
            found[column] = match["name"]
        elif (match := _TOTAL.fullmatch(text)) and (own_file or match["scale"]):
            found[column] = "total"
    if found:
        found |= {column: "days" for column in columns if _DAYS.fullmatch(_plain(column))}
    return found


def write_predicted(output_dir: Path, findings: Sequence[Findings]) -> Path | None:
    """Write the predicted scores of a group as ``phenotype/crsrpredicted.tsv`` with its JSON.

    Parameters
    ----------
    output_dir
        The derivative dataset.
    findings
        Of any analyses; those with a table ``beh/*_task-crsr_desc-predicted_beh.tsv`` count.

    Returns
    -------
    Path or None
        The table; ``None`` where nothing was predicted, and a table of an earlier run is removed.

    Raises
    ------
    BadDataError
        Two subjects have tables with different columns.
    """
    path = output_dir / "phenotype" / f"{PREDICTED}.tsv"
    of = [(item, table) for item in findings for table in item.tables if _is_predicted(table)]
    if not of:
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)
        return None
    first = of[0][1]
    for item, table in of:
        if table.columns != first.columns:
            raise BadDataError(
                f"The predicted CRS-R of sub-{item.subject} has other columns than that of "
                f"sub-{of[0][0].subject}; run participant again for all with one version."
            )
    group = with_gaps(_grouped(of))
    text = tsv_text(group)
    content = {"MeasurementToolMetadata": {"Description": "Predicted by a model from images; not measured"}}
    write_json(path.with_suffix(".json"), {**content, **column_metadata(replace(group, entities={}))})
    return write_text(path, text)


def _grouped(of: Sequence[tuple[Findings, Table]]) -> Table:
    sessions = any(item.session is not None for item, _ in of)
    labels = [Column(name="participant_id", description="Label of the subject, with its prefix")]
    if sessions:
        labels.append(Column(name="session_id", description="Label of the session, with its prefix"))
    rows: list[tuple[Cell, ...]] = []
    for item, table in sorted(of, key=lambda pair: (pair[0].subject, pair[0].session or "")):
        session = (f"ses-{item.session}" if item.session else None,) if sessions else ()
        rows += [(f"sub-{item.subject}", *session, *row) for row in table.rows]
    first = of[0][1]
    return replace(first, columns=(*labels, *first.columns), rows=tuple(rows))


def _is_predicted(table: Table) -> bool:
    return table.suffix == "beh" and dict(table.entities) == dict(PREDICTED_ENTITIES)


def _rows(path: Path, table: TsvTable) -> Iterator[ExamRow]:
    columns = exam_columns(path.stem, table.columns)
    if not columns:
        return
    if "participant_id" not in table.columns:
        raise BadDataError(f"{path} has scores of the CRS-R but no column participant_id; add it.")
    for number, record in enumerate(table.records(), start=2):
        subject = record["participant_id"].removeprefix("sub-")
        where = f"sub-{subject} in row {number} of {path.name}"
        values: dict[str, float] = {}
        for column, name in columns.items():
            value, _ = as_value(record[column])
            if isinstance(value, str):
                raise BadDataError(f"Column {column} of {where} holds '{value}'; write a number or n/a.")
            if value is not None:
                values.setdefault(name, value)
        days, total = values.pop("days", None), values.pop("total", None)
        if total is not None or values:
            session, _ = as_value(record.get("session_id", ""))
            yield ExamRow(
                subject=subject,
                session=None if session is None else record["session_id"].removeprefix("ses-"),
                days=days,
                total=total,
                subscales=values,
                where=where,
            )


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
