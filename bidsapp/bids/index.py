"""pybids' index of the requested subjects alone: a whole dataset takes minutes, one subject 0.1 s."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bidsapp.bids.filters import as_query
from bidsapp.bids.layouts import check_sidecar, make_layout, sidecars
from bidsapp.bids.listing import datatypes, modalities
from bidsapp.bids.requested import IMAGES, SIGNALS, Requested
from bidsapp.errors import BadDataError, NoInputError, UsageError
from bidsapp.files import write_error

if TYPE_CHECKING:
    from bids.layout import BIDSFile, BIDSLayout

Key = tuple[str, str | None]
DATABASE = "layout_index.sqlite"
_EXTENSIONS = [*IMAGES, Path(SIGNALS).suffix]


class Indexed(NamedTuple):
    """A file and its entities, by pybids' long names; asked once: pybids asks its database each time."""

    path: Path
    entities: Mapping[str, object]
    file: BIDSFile


@dataclass(frozen=True)
class Index:
    """The images of some subjects, as pybids knows them.

    Attributes
    ----------
    images
        Files with a NIfTI extension, and tables of ready signals, by subject and session.
    admitted
        For each modality with a filter, the paths that the filter leaves.
    """

    images: Mapping[Key, tuple[Indexed, ...]]
    admitted: Mapping[str, frozenset[str]]


def read_index(
    bids_dir: Path,
    subjects: Collection[str],
    filters: Mapping[str, Mapping[str, object]],
    database_dir: Path | None = None,
    *,
    metadata: bool = True,
) -> Index:
    """Index the images of ``subjects``, with entities, metadata and filters.

    Without ``metadata`` no sidecar is read, which takes less than half the time; a filter that asks for a
    field of the sidecar reads them all the same.

    Raises
    ------
    NoInputError
        A folder or sidecar of these subjects cannot be opened.
    BadDataError
        A sidecar of these subjects is not valid JSON, or the database is damaged.
    UsageError
        The database belongs to another dataset.
    """
    _check_access(bids_dir, subjects)
    metadata = metadata or any(key[:1].isupper() for wanted in filters.values() for key in wanted)
    try:
        if database_dir is None:
            layout = make_layout(Requested(bids_dir, subjects, sidecars=metadata))
        else:
            layout = _stored_layout(bids_dir, database_dir)
        images: defaultdict[Key, list[Indexed]] = defaultdict(list)
        for item in layout.get(subject=list(subjects), extension=_EXTENSIONS):
            entities = dict(item.get_entities())
            images[entities["subject"], entities.get("session")].append(
                Indexed(Path(item.path), entities, item)
            )
        admitted = {
            name: frozenset(layout.get(return_type="filename", **_query(name, subjects, wanted)))
            for name, wanted in filters.items()
        }
    except OSError as error:
        raise _explain(bids_dir, subjects, error) from error
    except (AttributeError, RecursionError, TypeError, ValueError) as error:
        # pybids has no error class for a sidecar that is JSON but no object, or contradicts its name.
        raise _explain(bids_dir, subjects, error) from error
    return Index({key: tuple(items) for key, items in images.items()}, admitted)


def _check_access(bids_dir: Path, subjects: Collection[str]) -> None:
    """Refuse folders that cannot be opened: pybids would pass over them without a word."""
    for subject in subjects:
        folder = bids_dir / f"sub-{subject}"
        inside = [path for name in datatypes() for path in (folder / name, *folder.glob(f"ses-*/{name}"))]
        for path in (folder, *folder.glob("ses-*"), *inside):
            if path.exists() and not os.access(path, os.R_OK | os.X_OK):
                raise NoInputError(f"{path} cannot be opened (permission denied); check its permissions.")


def _query(name: str, subjects: Collection[str], wanted: Mapping[str, object]) -> dict[str, object]:
    modality = modalities()[name]
    query: dict[str, object] = {
        "datatype": modality.datatype,
        "suffix": modality.suffix,
        "extension": _EXTENSIONS,
    }
    query.update({key: as_query(value) for key, value in wanted.items() if key != "session"})
    return {**query, "subject": list(subjects), "invalid_filters": "allow"}


def _stored_layout(bids_dir: Path, database_dir: Path) -> BIDSLayout:
    from bids.layout import BIDSLayout
    from sqlalchemy.exc import SQLAlchemyError

    if (database_dir / DATABASE).exists():
        _check_database(database_dir)
    else:
        _make_database(bids_dir, database_dir)
    try:
        layout = BIDSLayout(bids_dir, database_path=database_dir, validate=False)
    except (SQLAlchemyError, AttributeError) as error:
        raise _damaged(database_dir) from error
    except ValueError as error:
        raise UsageError(f"The database in {database_dir} is of another dataset: {error}.") from error
    if Path(layout.root).resolve() != bids_dir.resolve():
        raise UsageError(f"The database in {database_dir} is of {layout.root}, not of {bids_dir}.")
    return layout


def _check_database(database_dir: Path) -> None:
    """Refuse a database that is damaged anywhere: a query alone may never meet the damage."""
    try:
        with closing(
            sqlite3.connect(f"{(database_dir / DATABASE).resolve().as_uri()}?mode=ro", uri=True)
        ) as connection:
            sound = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.DatabaseError as error:
        raise _damaged(database_dir) from error
    if not sound:
        raise _damaged(database_dir)


def _damaged(database_dir: Path) -> BadDataError:
    return BadDataError(f"The database in {database_dir} is damaged; delete it and run again.")


def _make_database(bids_dir: Path, database_dir: Path) -> None:
    try:
        database_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=database_dir) as draft:
            make_layout(Requested(bids_dir, None), database=Path(draft)).connection_manager.session.close()
            os.replace(Path(draft) / DATABASE, database_dir / DATABASE)
    except OSError as error:
        if "decode JSON" in str(error):
            raise
        raise write_error(database_dir, error) from error


def _explain(bids_dir: Path, subjects: Collection[str], error: Exception) -> BadDataError | NoInputError:
    names = ", ".join(f"sub-{subject}" for subject in subjects)
    if not bids_dir.is_dir():
        return NoInputError(f"{names}: {bids_dir} went away; bring it back and run the same command again.")
    for path in sidecars(Requested(bids_dir, subjects)):
        try:
            check_sidecar(path)
        except (NoInputError, BadDataError) as found:  # it changed, or a database was made of it before
            return found
    return BadDataError(f"pybids cannot index {names}: {error}.")
