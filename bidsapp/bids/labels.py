"""Raw images with label maps that somebody drew: what preprocessing itself learns from."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.bids.index import Key
from bidsapp.bids.layouts import make_layout
from bidsapp.bids.query import find_all, list_selected
from bidsapp.bids.requested import Requested
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BidsAppError, NoInputError, NothingSelectedError
from bidsapp.inputs import Inputs
from bidsapp.settings import Settings

if TYPE_CHECKING:
    from bids.layout import BIDSFile

_LOG = logging.getLogger(__name__)
_TOLERANCE = 1e-3  # mm; the rounding of affines by different programs


def read_labelled_cohort(
    bids_dir: Path,
    derivatives: Sequence[Path] = (),
    *,
    participant_label: Sequence[str] = (),
    exclude_participant_label: Sequence[str] = (),
    session_label: Sequence[str] = (),
) -> Cohort:
    """Pair the images of a raw dataset with the label maps of its derivatives.

    A label map is ``*_dseg.nii.gz`` (key ``dseg``) or ``*_desc-brain_mask.nii.gz`` (key ``mask``) of the same
    subject and session; it goes with the images whose grid it has, or with the one that its ``space`` names.

    Parameters
    ----------
    bids_dir
        The raw dataset.
    derivatives
        Datasets of label maps; without any, all in ``bids_dir/derivatives``.
    participant_label, session_label
        Keep only these, if any are given.
    exclude_participant_label
        Leave these out.

    Returns
    -------
    Cohort
        One member for each label map; ``native`` holds its images by modality, and the map.

    Raises
    ------
    NoInputError
        A dataset cannot be read.
    NothingSelectedError
        There is no such label, or no image has a label map.
    """
    settings = Settings(
        bids_dir=bids_dir,
        output_dir=bids_dir,
        levels=("train",),
        participant_label=tuple(participant_label),
        exclude_participant_label=tuple(exclude_participant_label),
        session_label=tuple(session_label),
    )
    selected = list_selected(settings)
    folders = derivatives or [path for path in sorted((bids_dir / "derivatives").glob("*")) if path.is_dir()]
    maps = _find_label_maps(folders, sorted({subject for subject, _ in selected}))
    members: list[Member] = []
    for key, inputs in find_all(settings, selected):
        if isinstance(inputs, BidsAppError):
            _LOG.warning("%s", inputs)
        else:
            members += _members(inputs, maps.get(key, ()))
    if not members:
        where = ", ".join(str(folder) for folder in folders) or f"{bids_dir / 'derivatives'}"
        raise NothingSelectedError(
            f"No image of {bids_dir} has a label map (*_dseg or *_desc-brain_mask) in {where}."
        )
    return Cohort(tuple(members))


def _find_label_maps(
    folders: Sequence[Path], subjects: Sequence[str]
) -> dict[Key, list[tuple[str, str | None, Path]]]:
    """Give kind, space and path of the label maps of each subject and session."""
    maps: dict[Key, list[tuple[str, str | None, Path]]] = {}
    for folder in folders:
        for key, found in _label_maps(folder, subjects):
            maps.setdefault(key, []).append(found)
    return maps


def _label_maps(folder: Path, subjects: Sequence[str]) -> Iterator[tuple[Key, tuple[str, str | None, Path]]]:
    """Yield key, kind, space and path of each label map."""
    if not folder.is_dir():
        raise NoInputError(f"{folder} does not exist; check --derivatives.")
    layout = make_layout(Requested(folder, subjects, sidecars=False), derivative=True)
    files: list[BIDSFile] = layout.get(suffix=["dseg", "mask"], subject=list(subjects))
    for item in files:
        own: Mapping[str, str] = item.get_entities()
        kind = own["suffix"]
        if Path(item.path).exists() and (own.get("desc") == "brain") == (kind == "mask"):
            yield (own["subject"], own.get("session")), (kind, own.get("space"), Path(item.path))


def _members(inputs: Inputs, maps: Sequence[tuple[str, str | None, Path]]) -> Iterator[Member]:
    for kind, space, path in maps:
        images = {
            name: image.path
            for name, image in inputs.images.items()
            if (space is None or name == space) and _same_grid(image.path, path)
        }
        if images:
            yield Member(
                subject=inputs.subject,
                session=inputs.session,
                native={**images, kind: path},
                covariates=inputs.covariates,
            )
        else:
            _LOG.warning("%s has the grid of no image of %s and was not used.", path, inputs.name)


def _same_grid(first: Path, second: Path) -> bool:
    import numpy as np

    from bidsapp.nifti import read_grid

    try:
        (shape, affine), (other, its) = read_grid(first), read_grid(second)
    except BidsAppError as error:
        _LOG.warning("%s", error)
        return False
    return shape == other and bool(np.allclose(affine, its, atol=_TOLERANCE))
