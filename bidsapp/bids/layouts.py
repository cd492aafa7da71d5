"""How pybids is asked: it reads no file that was not judged before, and no configuration from a dataset.

pybids reads JSON of any size and form, waits for pipes, and takes regular expressions from a
``layout_config.json`` that lies in a dataset. Its layouts are made here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.bids.listing import list_subjects
from bidsapp.bids.requested import Requested
from bidsapp.errors import BadDataError
from bidsapp.limits import JSON_BYTES
from bidsapp.reading import read_bytes, read_object

if TYPE_CHECKING:
    from bids.layout import BIDSLayout

_BOM = b"\xef\xbb\xbf"
_NO_CONFIGURATION = "\0"  # a name that no file can have


def make_layout(wanted: Requested, *, database: Path | None = None, derivative: bool = False) -> BIDSLayout:
    """Index what is wanted of a dataset.

    Parameters
    ----------
    wanted
        The dataset, its subjects, and whether sidecars are read.
    database
        Folder to keep the index in; in memory where there is none.
    derivative
        Whether names have the entities of derivatives.

    Raises
    ------
    NoInputError
        A sidecar cannot be opened.
    BadDataError
        A sidecar or the description of the dataset is too large, or is not strict JSON.
    """
    from bids.layout import BIDSLayout, BIDSLayoutIndexer

    description = wanted.root / "dataset_description.json"
    if description.exists():
        read_bytes(description, JSON_BYTES)
    for path in sidecars(wanted):
        check_sidecar(path)
    indexer = BIDSLayoutIndexer(
        validate=False, ignore=[wanted], index_metadata=wanted.sidecars, config_filename=_NO_CONFIGURATION
    )
    kind = {"config": ["bids", "derivatives"], "is_derivative": True} if derivative else {}
    try:
        return BIDSLayout(
            wanted.root.absolute(), validate=False, indexer=indexer, database_path=database, **kind
        )
    except RecursionError as error:
        raise BadDataError(f"{description} is not valid JSON (nested too deeply); mend it.") from error


def check_sidecar(path: Path) -> None:
    """Refuse a sidecar that is too large or not strict JSON; pybids takes none with a byte order mark."""
    if read_bytes(path, JSON_BYTES).startswith(_BOM):
        raise BadDataError(f"{path} is not valid JSON (it begins with a byte order mark); save it without.")
    read_object(path)


def sidecars(wanted: Requested) -> Iterator[Path]:
    """Yield the sidecars that pybids will read: of the root, then of each subject."""
    if not wanted.sidecars:
        return
    subjects = list_subjects(wanted.root) if wanted.subjects is None else wanted.subjects
    folders = [wanted.root / f"sub-{subject}" for subject in subjects]
    found = [*wanted.root.glob("*.json"), *(path for folder in folders for path in folder.rglob("*.json"))]
    for path in sorted(found):
        if not wanted.search(f"/{path.relative_to(wanted.root).as_posix()}"):
            yield path
