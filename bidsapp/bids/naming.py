"""Derivative file names: entities in the order of the BIDS schema, labels that are safe in a path."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath

from bidsapp.errors import BadDataError

_LABEL = re.compile(r"[0-9a-zA-Z+]+")
_SUFFIX = re.compile(r"[0-9a-zA-Z]+")
_EXTENSION = re.compile(r"(\.[0-9a-zA-Z]+){1,2}")
_DATATYPE = re.compile(r"[a-z]+")


@cache
def entity_names() -> Mapping[str, str]:
    """Give the entities in the order of a file name: short name (``acq``) to long name (``acquisition``).

    The order is that of the BIDS schema (a test compares them); ``from``, ``to``, ``mode`` and ``stat``,
    which the schema does not have yet, stand where fMRIPrep and nilearn put them.
    """
    text = (files("bidsapp") / "data" / "entities.json").read_text(encoding="utf-8")
    return {str(short): str(long) for short, long in json.loads(text).items()}


def derivative_path(
    subject: str,
    session: str | None,
    datatype: str,
    entities: Mapping[str, str],
    suffix: str,
    extension: str,
) -> PurePosixPath:
    """Give the path of a derivative, relative to the output folder.

    Parameters
    ----------
    subject, session
        Labels without prefix; ``session`` is ``None`` in datasets without sessions.
    datatype
        BIDS folder (``anat``, ``pet``), or empty for a file directly in the subject's folder.
    entities
        Further entities by short names, in any order.
    suffix, extension
        ``T1w``, ``.nii.gz``.

    Raises
    ------
    BadDataError
        An entity is unknown or given twice, or a label holds anything but letters, digits and ``+``.
    """
    labels = {"sub": subject, **({"ses": session} if session is not None else {})}
    twice = sorted(set(labels) & set(entities) | ({"ses"} & set(entities)))
    if twice:
        raise BadDataError(f"Entity '{twice[0]}' of a derivative comes from the subject, not from its map.")
    labels.update(entities)
    unknown = [key for key in labels if key not in entity_names()]
    if unknown:
        raise BadDataError(f"Entity '{unknown[0]}' of a derivative of sub-{subject} is not known to BIDS.")
    for key, label in labels.items():
        _check(_LABEL, label, f"Label '{key}-{label}'")
    _check(_SUFFIX, suffix, f"Suffix '{suffix}'")
    _check(_EXTENSION, extension, f"Extension '{extension}'")
    folders = [f"{key}-{labels[key]}" for key in ("sub", "ses") if key in labels]
    if datatype:
        _check(_DATATYPE, datatype, f"Folder '{datatype}'")
        folders.append(datatype)
    name = "_".join(f"{key}-{labels[key]}" for key in entity_names() if key in labels)
    return PurePosixPath(*folders, f"{name}_{suffix}{extension}")


def _check(pattern: re.Pattern[str], text: str, what: str) -> None:
    if not pattern.fullmatch(text):
        raise BadDataError(f"{what} of a derivative may hold only letters and digits.")
