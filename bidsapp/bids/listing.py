"""Subjects and sessions by their folders alone: cheap on thousands of subjects, where an index is not."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from bidsapp.errors import BadDataError, NoInputError

Sessions = tuple[str | None, ...]
_LABEL = re.compile(r"[0-9A-Za-z+]+")
CALIBRATION = "m0scan"
"""Suffix of the scan that ASL is calibrated with; no modality of its own."""


class Modality(NamedTuple):
    """What ``data/modalities.json`` says of one modality.

    ``entities`` are those that tell it from others of its suffix (``None``: must be absent);
    ``reference_rank`` is its place among the contrasts that can serve as a session's reference image
    (0: none); ``factory`` names what preprocesses it.
    """

    name: str
    datatype: str
    suffix: str
    entities: Mapping[str, str | None]
    reference_rank: int
    factory: str

    @property
    def is_raw(self) -> bool:
        """Whether it lies in the raw dataset: a mask with a label is of a derivative one."""
        return "label" not in self.entities


@cache
def modalities() -> Mapping[str, Modality]:
    """Give the modalities that the app understands, by name."""
    content = json.loads((files("bidsapp") / "data" / "modalities.json").read_text(encoding="utf-8"))
    return {
        name: Modality(name, **{field: item[field] for field in Modality._fields[1:]})
        for name, item in content.items()
    }


@cache
def suffixes() -> frozenset[str]:
    """Give the suffixes of images whose sidecars are read: of the modalities, and of their calibration."""
    return frozenset({*(item.suffix for item in modalities().values()), CALIBRATION})


class Derived(NamedTuple):
    """What ``data/outputs.json`` says of a volume made of a modality: ``alff`` of ``bold``.

    ``source`` is the modality; the others make its name and its place in the report.
    """

    source: str
    datatype: str
    suffix: str
    entities: Mapping[str, str]
    title: str
    display: str
    metadata: Mapping[str, object]


@cache
def derived_volumes() -> Mapping[str, Derived]:
    """Give the volumes that are made of a modality and are no image of it, by key."""
    content = json.loads((files("bidsapp") / "data" / "outputs.json").read_text(encoding="utf-8"))
    return {key: Derived(**item) for key, item in content["derived"].items()}


@cache
def datatypes() -> frozenset[str]:
    """Give the folders that can hold an image of some modality."""
    return frozenset(item.datatype for item in modalities().values())


def list_subjects(dataset: Path) -> tuple[str, ...]:
    """List the labels of the ``sub-*`` folders, sorted.

    Raises
    ------
    NoInputError
        The dataset cannot be read.
    """
    return _labels(dataset, "sub-")


def list_sessions(dataset: Path, subject: str) -> Sessions:
    """List the sessions of a subject; ``None`` stands for data that lie outside of any session.

    A folder that cannot be opened gives ``None``: finding its images then fails, for this subject alone.
    """
    folder = dataset / f"sub-{subject}"
    if not os.access(folder, os.R_OK | os.X_OK):
        return (None,)
    sessions: Sessions = _labels(folder, "ses-")
    outside = any((folder / datatype).is_dir() for datatype in datatypes())
    return (None, *sessions) if outside or not sessions else sessions


def check_labels(key: tuple[str, str | None], dataset: Path) -> None:
    """Refuse a folder whose label no name of BIDS can have: names of results are made of it.

    Raises
    ------
    BadDataError
        The label of the subject or session holds more than letters, digits and ``+``.
    """
    for prefix, label in zip(("sub", "ses"), key, strict=True):
        if label is not None and not _LABEL.fullmatch(label):
            raise BadDataError(
                f"Folder {prefix}-{label} in {dataset} is no name of BIDS (a label holds letters and digits "
                "only); rename it."
            )


def closest(label: str, known: Iterable[str]) -> str:
    """Say what there is instead of ``label``: the closest matches, or the first few."""
    known = list(known)
    near = difflib.get_close_matches(label, known, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(near) + "?"
    first = ", ".join(known[:5]) + (f" and {len(known) - 5} more" if len(known) > 5 else "")
    return f"there are {first}." if known else "there are none."


def _labels(folder: Path, prefix: str) -> tuple[str, ...]:
    try:
        with os.scandir(folder) as entries:
            found = [item.name for item in entries if item.name.startswith(prefix) and item.is_dir()]
    except OSError as error:
        raise NoInputError(f"{folder} cannot be listed ({error.strerror}); check the path.") from error
    return tuple(sorted(name.removeprefix(prefix) for name in found))
