"""What the dataset's tables say of a person; gaps and oddities of real tables are handled and said."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from bidsapp.errors import InputOutputError

Covariates = dict[str, str | float]

GAPS = frozenset({"", "n/a", "na", "nan", "null", "none", "."})
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?|[+-]?\.\d+")
_CAPPED = re.compile(r"(\d+(?:\.\d+)?)\s*\+|>\s*=?\s*(\d+(?:\.\d+)?)")
_COMMA = re.compile(r"[+-]?\d+,\d+")


class TsvTable(NamedTuple):
    """A table as it is in the file: stripped text, and sentences on what was odd."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]

    def records(self) -> Iterator[dict[str, str]]:
        """Yield each row as column to text."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


def read_covariates(
    bids_dir: Path, subject: str, session: str | None, *, phenotype: bool = True
) -> tuple[Covariates, tuple[str, ...]]:
    """Read ``participants.tsv``, the subject's ``sessions.tsv`` and ``phenotype/*.tsv``.

    Numbers become ``float`` (but ``01`` stays text), ``89+`` becomes 89, gaps are left out. A sessions
    column overrides the participants column of its name. A phenotype column has its own name, unless an
    earlier table has that name too: then ``<file>_<column>`` (``crsr_total``).

    Returns
    -------
    covariates, notes
        Values by column, and sentences on what was missing, doubled or changed.

    Raises
    ------
    InputOutputError
        A table exists but cannot be opened.
    """
    person = f"sub-{subject}"
    values: Covariates = {}
    notes: list[str] = []
    names: set[str] = set()
    sessions = bids_dir / person / f"{person}_sessions.tsv"
    for path in (bids_dir / "participants.tsv", sessions):
        table = _existing(path)
        if table is None or (path == sessions and session is None):
            continue
        label = {"participant_id": person} if path != sessions else {"session_id": f"ses-{session}"}
        values.update(_row(table, label, notes))
        names.update(table.columns)
    folder = bids_dir / "phenotype"
    for path in sorted(folder.glob("*.tsv")) if phenotype and folder.is_dir() else ():
        table = read_tsv(path)
        label = {"participant_id": person}
        if "session_id" in table.columns:
            label["session_id"] = f"ses-{session}" if session else ""
        row = _row(table, label, notes, required=False)
        own = [name for name in table.columns if not name.endswith("_id")]
        renamed = {name: f"{path.stem}_{name}" if name in names else name for name in own}
        values.update({renamed[name]: value for name, value in row.items()})
        names.update(renamed.values())
    return values, tuple(notes)


def read_tsv(path: Path) -> TsvTable:
    """Read a table with tabs, as UTF-8 with or without byte order mark, and any newlines.

    Raises
    ------
    InputOutputError
        The file exists but cannot be opened.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise InputOutputError(f"{path} cannot be opened ({error.strerror}).") from error
    return _read_tsv(path, state.st_mtime_ns, state.st_size)


def as_value(text: str) -> tuple[str | float | None, str]:
    """Turn a cell into a number, text or ``None`` (a gap), with a remark when the text was changed."""
    if text.lower() in GAPS:
        return None, ""
    if _NUMBER.fullmatch(text):
        return float(text), ""
    if capped := _CAPPED.fullmatch(text):
        number = capped[1] or capped[2]
        return float(number), f"'{text}' was read as {number}"
    if _COMMA.fullmatch(text):
        return float(text.replace(",", ".")), f"'{text}' was read as {text.replace(',', '.')}"
    return text, ""


def _existing(path: Path) -> TsvTable | None:
    return read_tsv(path) if path.exists() else None


@lru_cache(maxsize=64)
def _read_tsv(path: Path, _modified: int, _size: int) -> TsvTable:
    notes: list[str] = []
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputOutputError(f"{path} cannot be read ({error.strerror}).") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1")
        notes.append(f"{path.name} is not UTF-8; letters beyond ASCII may be wrong.")
    lines = io.StringIO(text.replace("\0", ""), newline=None)
    cells = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter="\t")]
    cells = [row for row in cells if any(row)]
    if not cells:
        return TsvTable(path.name, (), (), (f"{path.name} is empty.",))
    columns = tuple(cells[0])
    if len(columns) == 1 and "," in columns[0]:
        notes.append(f"{path.name} is separated by commas, not tabs, and was not used.")
        return TsvTable(path.name, (), (), tuple(notes))
    if len(set(columns)) < len(columns):
        notes.append(f"{path.name} has two columns of one name; the last was used.")
    uneven = sum(len(row) != len(columns) for row in cells[1:])
    if uneven:
        notes.append(f"{path.name} has {uneven} rows with more or fewer cells than its header.")
    width = len(columns)
    rows = tuple(tuple((row + [""] * width)[:width]) for row in cells[1:])
    return TsvTable(path.name, columns, rows, tuple(notes))


def _row(
    table: TsvTable, labels: Mapping[str, str], notes: list[str], *, required: bool = True
) -> Covariates:
    notes += table.notes
    key, label = next(iter(labels.items()))
    if key not in table.columns:
        if table.columns:
            notes.append(f"{table.name} has no column {key} and was not used.")
        return {}
    rows = [row for row in table.records() if _matches(row, labels)]
    if not rows:
        if required:
            notes.append(f"{table.name} has no row for {label}.")
        return {}
    if any(row != rows[0] for row in rows[1:]):
        notes.append(f"{table.name} has {len(rows)} different rows for {label}; the first was used.")
    values: Covariates = {}
    for name, text in rows[0].items():
        value, remark = as_value(text)
        if remark:
            notes.append(f"{table.name}: {name} {remark}.")
        if value is not None and name and name not in {"participant_id", "session_id"}:
            values[name] = value
    return values


def _matches(row: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    for key, label in labels.items():
        text = row[key]
        prefix = label.split("-", 1)[0] + "-"
        if key == "session_id" and text.lower() in GAPS:
            continue
        if text.removeprefix(prefix) != label.removeprefix(prefix):
            return False
    return True
