"""What the dataset's tables say of a person; gaps and oddities of real tables are handled and said."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from bidsapp.bids.identifiers import without_identifiers
from bidsapp.errors import InputOutputError, NoInputError
from bidsapp.limits import TABLE_BYTES
from bidsapp.reading import read_bytes, split_table

Covariates = dict[str, str | float]

GAPS = frozenset({"", "n/a", "na", "nan", "null", "none", "."})
_IDS = {"participant_id": "sub-", "session_id": "ses-"}
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?|[+-]?\.\d+")
_CAPPED = re.compile(r"(\d+(?:\.\d+)?)\s*\+|>\s*=?\s*(\d+(?:\.\d+)?)")
_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True)
class TsvTable:
    """A table as it is in the file: stripped text, and sentences on what was odd."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]

    @cached_property
    def by_label(self) -> Mapping[str, Mapping[str, tuple[int, ...]]]:
        """Give, for each ``*_id`` column, the rows of each label (without its prefix)."""
        index: dict[str, dict[str, tuple[int, ...]]] = {}
        for place, name in enumerate(self.columns):
            if name in _IDS:
                of: defaultdict[str, list[int]] = defaultdict(list)
                for number, row in enumerate(self.rows):
                    of[row[place].removeprefix(_IDS[name])].append(number)
                index[name] = {label: tuple(numbers) for label, numbers in of.items()}
        return index

    def record(self, number: int) -> dict[str, str]:
        """Give a row as column to text."""
        return dict(zip(self.columns, self.rows[number], strict=True))

    def records(self) -> Iterator[dict[str, str]]:
        """Yield each row as column to text."""
        return (self.record(number) for number in range(len(self.rows)))


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
    values: Covariates = {}
    notes: list[str] = []
    names: set[str] = set()
    paths = [bids_dir / "participants.tsv"]
    if session is not None:
        paths.append(bids_dir / f"sub-{subject}" / f"sub-{subject}_sessions.tsv")
    for path in paths:
        if path.exists():
            table = read_tsv(path)
            values.update(_row(table, subject, session, notes))
            names.update(table.columns)
    folder = bids_dir / "phenotype"
    for path in sorted(folder.glob("*.tsv")) if phenotype and folder.is_dir() else ():
        table = read_tsv(path)
        row = _row(table, subject, session, notes, required=False)
        renamed = {name: f"{path.stem}_{name}" if name in names else name for name in table.columns}
        values.update({renamed[name]: value for name, value in row.items()})
        names.update(renamed.values())
    return values, tuple(notes)


def read_tsv(path: Path) -> TsvTable:
    """Read a table with tabs, as UTF-8 with or without byte order mark, and any newlines.

    Raises
    ------
    InputOutputError
        The file exists but cannot be opened.
    BadDataError
        It is larger than a table of people can be.
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
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text), ""
    if capped := _CAPPED.fullmatch(text):
        number = capped[1] or capped[2]
        return float(number), f"'{text}' was read as {number}"
    if _COMMA.fullmatch(text):
        return float(text.replace(",", ".")), f"'{text}' was read as {text.replace(',', '.')}"
    return text, ""


@lru_cache(maxsize=64)
def _read_tsv(path: Path, _modified: int, _size: int) -> TsvTable:
    notes: list[str] = []
    try:
        content = read_bytes(path, TABLE_BYTES)
    except NoInputError as error:
        raise InputOutputError(str(error)) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        text = content.decode("utf-16" if wide else "latin-1", "replace")
        notes.append(f"{path.name} is not UTF-8; letters beyond ASCII may be wrong.")
    cells = [[cell.strip() for cell in row] for row in split_table(text, path)]
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
    table: TsvTable, subject: str, session: str | None, notes: list[str], *, required: bool = True
) -> Covariates:
    """Give the values of the first row of ``subject`` (where the table names subjects) and ``session``."""
    notes += table.notes
    ids = {"participant_id": subject, "session_id": session}
    keys = [name for name in ids if name in table.by_label]
    if not keys:
        if table.columns:
            notes.append(f"{table.name} has no column of labels (participant_id) and was not used.")
        return {}
    numbers = set(range(len(table.rows)))
    for key in keys:
        own = table.by_label[key].get(ids[key] or "", ())
        every = [number for gap in GAPS for number in table.by_label[key].get(gap, ())]
        numbers &= {*own, *(every if key == "session_id" else ())}
    rows = [table.record(number) for number in sorted(numbers)]
    if not rows:
        if required:
            notes.append(f"{table.name} has no row for {_IDS[keys[0]]}{ids[keys[0]]}.")
        return {}
    if any(row != rows[0] for row in rows[1:]):
        label = f"{_IDS[keys[0]]}{ids[keys[0]]}"
        notes.append(f"{table.name} has {len(rows)} different rows for {label}; the first was used.")
    values: Covariates = {}
    kept, said = without_identifiers(rows[0], table.name, subject)
    notes += said
    for name, text in kept.items():
        value, remark = as_value(str(text))
        if remark:
            notes.append(f"{table.name}: {name} {remark}.")
        if value is not None and name and name not in _IDS:
            values[name] = value
    return values
