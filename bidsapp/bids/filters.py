"""The filters of ``--bids-filter-file``, in fMRIPrep's form, made into queries of pybids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bidsapp.bids.listing import closest, modalities
from bidsapp.bids.naming import entity_names
from bidsapp.errors import BadDataError, NoInputError
from bidsapp.reading import read_json

Filters = Mapping[str, Mapping[str, object]]

# Keys that fMRIPrep and its relatives know and this app has no use for: one file serves them all.
ELSEWHERE = frozenset({"fmap", "func", "m0scan", "roi", "sbref", "t2star"})
_EXTRA = frozenset({"datatype", "suffix", "extension", "regex_search"})
_NONE = frozenset({None, "Query.NONE", "<Query.NONE: 1>"})
_ANY = frozenset({"*", "Query.ANY", "<Query.ANY: 2>"})


def read_filters(path: Path) -> dict[str, dict[str, object]]:
    """Read a filter file: for each modality, entities and the values that they may have.

    Keys are the app's modalities, whatever their case (``t1w``, ``flair``, ``pet``); values are a
    label, a list of labels, ``null`` (the entity must be absent) or ``"*"`` (it must be there).

    Raises
    ------
    NoInputError
        There is no such file, or it cannot be opened.
    BadDataError
        It is not JSON of this form, or names an unknown modality or entity.
    """
    try:
        content = read_json(path)
    except (NoInputError, BadDataError) as error:
        raise type(error)(f"Filter file (check --bids-filter-file): {error}") from error
    if not isinstance(content, dict) or not all(isinstance(item, dict) for item in content.values()):
        raise BadDataError(
            f'Filter file {path} must map modalities to entities: {{"t1w": {{"acquisition": "mprage"}}}}.'
        )
    return normalise(content)


def normalise(filters: Filters) -> dict[str, dict[str, object]]:
    """Give filters with the app's names of modalities and the long names of entities.

    Raises
    ------
    BadDataError
        A modality or an entity is unknown.
    """
    ours = {name.lower(): name for name in modalities()}
    result: dict[str, dict[str, object]] = {}
    for key, entities in filters.items():
        if key.lower() in ELSEWHERE:
            continue
        if key.lower() not in ours:
            raise BadDataError(f"Filter for unknown modality '{key}': {closest(key, modalities())}")
        result[ours[key.lower()]] = {_entity(name): value for name, value in entities.items()}
    return result


def as_query(value: object) -> object:
    """Turn a value of a filter into what pybids' ``get`` takes."""
    from bids.layout import Query

    if isinstance(value, list):
        return [as_query(item) for item in value]
    if isinstance(value, str | None):
        if value in _NONE:
            return Query.NONE
        if value in _ANY:
            return Query.ANY
    return value


def admits(wanted: object, session: str | None) -> bool:
    """Say whether the value of a filter for the session admits this session."""
    if isinstance(wanted, list):
        return any(admits(item, session) for item in wanted)
    if isinstance(wanted, str | None) and wanted in _NONE:
        return session is None
    if isinstance(wanted, str | None) and wanted in _ANY:
        return session is not None
    return session is not None and str(wanted).removeprefix("ses-") == session


def _entity(name: str) -> str:
    names = entity_names()
    if name in names:
        return names[name]
    if name in names.values() or name in _EXTRA or name[:1].isupper():
        return name
    raise BadDataError(f"Filter for unknown entity '{name}': {closest(name, names.values())}")
