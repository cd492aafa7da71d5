"""Manual lesion masks for training: which preprocessed sessions have them, and what the tables add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.bids.layouts import make_layout
from bidsapp.bids.requested import Requested
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import NoInputError

if TYPE_CHECKING:
    from bids.layout import BIDSFile

LESION, ACTIVE = "lesion", "active"
COUNT_OF_ACTIVE = "gadolinium_lesions"

Key = tuple[str, str | None]


def add_masks(cohort: Cohort, folders: Sequence[Path]) -> Cohort:
    """Give each session the manual masks that derivative datasets have for it.

    Parameters
    ----------
    cohort
        Preprocessed sessions.
    folders
        Datasets with ``*_label-L_*mask.nii.gz`` (all lesions) and ``*_label-L_desc-active_mask.nii.gz``
        (enhancing lesions), in the session's own space. Of two masks of a kind the first one counts.

    Returns
    -------
    Cohort
        The same sessions; ``native`` has the keys ``lesion`` and ``active`` where there is a mask.

    Raises
    ------
    NoInputError
        A folder does not exist.
    """
    found: dict[Key, dict[str, Path]] = {}
    for folder in folders:
        for key, kind, path in _masks(folder, cohort.subjects):
            found.setdefault(key, {}).setdefault(kind, path)
    return Cohort(
        tuple(_with(member, found.get((member.subject, member.session), {})) for member in cohort.members)
    )


def none_active(member: Member) -> bool:
    """Tell whether the tables say that a session has no enhancing lesion (``gadolinium_lesions`` is 0)."""
    return member.covariates.get(COUNT_OF_ACTIVE) in (0, 0.0, "0")


def _masks(folder: Path, subjects: Sequence[str]) -> list[tuple[Key, str, Path]]:
    if not folder.is_dir():
        raise NoInputError(f"{folder} does not exist; check --reference.")
    layout = make_layout(Requested(folder, subjects, sidecars=False), derivative=True)
    files: list[BIDSFile] = sorted(layout.get(suffix="mask"), key=lambda item: str(item.path))
    masks: list[tuple[Key, str, Path]] = []
    for item in files:
        own: Mapping[str, str] = item.get_entities()
        if (
            own.get("label") == "L"
            and not own.get("space", "").startswith("MNI")
            and Path(item.path).is_file()
        ):
            kind = ACTIVE if own.get("desc") == "active" else LESION
            masks.append(((own["subject"], own.get("session")), kind, Path(item.path)))
    return masks


def _with(member: Member, masks: Mapping[str, Path]) -> Member:
    return replace(member, native={**member.native, **masks}) if masks else member
