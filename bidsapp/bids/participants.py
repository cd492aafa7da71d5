"""The few columns of participants.tsv that travel with the derivatives, and no other: they may be private."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from bidsapp.bids.listing import list_subjects
from bidsapp.bids.tables import GAPS, read_tsv
from bidsapp.errors import BidsAppError, printable
from bidsapp.files import write_text
from bidsapp.layout import log_dir
from bidsapp.status import RunStatus

TABLE = "participants.tsv"


def declared_columns() -> tuple[str, ...]:
    """Give the columns that are copied, as ``data/derivatives/participants.json`` declares them."""
    text = (files("bidsapp") / "data" / "derivatives" / "participants.json").read_text(encoding="utf-8")
    return tuple(name for name in json.loads(text) if name != "participant_id")


def write_participants(output_dir: Path, bids_dir: Path) -> None:
    """Write ``participants.tsv`` for the subjects that the output folder holds; nothing if there are none.

    Call it whenever a subject is done. Two runs in one folder do not lose rows: the folder is listed again
    after writing, and the table is written again for subjects that came meanwhile, but for those still
    running: they write it when they are done. Without this exception, tasks of a large array would write
    for one another as long as any of them begins. A dataset that cannot be reached now, as on a network
    folder that is away, leaves the table as it is.
    """
    if not bids_dir.is_dir():
        return
    subjects = missing = list_subjects(output_dir)
    while missing:
        write_text(output_dir / TABLE, _table(bids_dir / TABLE, subjects))
        written, subjects = set(subjects), list_subjects(output_dir)
        missing = tuple(
            item for item in subjects if item not in written and not _is_running(output_dir, item)
        )
    if subjects:
        texts = files("bidsapp") / "data" / "derivatives"
        text = (texts / "participants.json").read_text(encoding="utf-8")
        write_text(output_dir / "participants.json", text)


def _is_running(output_dir: Path, subject: str) -> bool:
    paths = log_dir(output_dir, subject).rglob("status.json")
    return any(_state(path) == "running" for path in paths)


def _state(path: Path) -> str:
    try:
        return RunStatus.read(path).state
    except BidsAppError:
        return ""  # a damaged status tells of no run that goes on


def _table(source: Path, subjects: tuple[str, ...]) -> str:
    known: dict[str, dict[str, str]] = {}
    columns: list[str] = []
    if source.exists():
        table = read_tsv(source)
        columns = [name for name in declared_columns() if name in table.columns]
        for row in table.records():
            known.setdefault(row.get("participant_id", "").removeprefix("sub-"), row)
    lines = ["\t".join(["participant_id", *columns])]
    for subject in subjects:
        row = known.get(subject, {})
        cells = [row.get(name, "") for name in columns]
        lines.append(
            "\t".join(
                [f"sub-{subject}", *("n/a" if cell.lower() in GAPS else _plain(cell) for cell in cells)]
            )
        )
    return "\n".join(lines) + "\n"


def _plain(cell: str) -> str:
    """Keep a cell on its line and in its column: a quoted one may hold newlines and tabs."""
    return printable(" ".join(cell.split()))
