"""Manual masks that results are evaluated against: another dataset, named by ``--reference``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bidsapp.bids.requested import Requested
from bidsapp.errors import NoInputError
from bidsapp.inputs import Inputs


def add_references(inputs: Inputs, folder: Path | None) -> Inputs:
    """Add to a session the manual masks that a dataset has for it.

    Parameters
    ----------
    inputs
        The session.
    folder
        A derivative dataset with ``*_desc-brain_mask.nii.gz`` (brain) or ``*_label-L_*mask.nii.gz``
        (lesions); ``None`` adds nothing. Masks are compared in world coordinates, whatever their grid; those
        in a standard space are left out.

    Raises
    ------
    NoInputError
        The folder does not exist.
    """
    if folder is None:
        return inputs
    from bids.layout import BIDSLayout, BIDSLayoutIndexer

    if not folder.is_dir():
        raise NoInputError(f"{folder} does not exist; check --reference.")
    ignore = [Requested(folder, [inputs.subject], sidecars=False)]
    indexer = BIDSLayoutIndexer(validate=False, ignore=ignore, index_metadata=False)
    layout = BIDSLayout(
        folder.absolute(), validate=False, indexer=indexer, config=["bids", "derivatives"], is_derivative=True
    )
    found: dict[str, Path] = {}
    for item in sorted(layout.get(suffix="mask", subject=inputs.subject), key=lambda file: str(file.path)):
        entities = item.get_entities()
        if entities.get("space", "").startswith("MNI"):
            continue  # its world is not the subject's
        kind = _kind(entities.get("desc"), entities.get("label"))
        if kind and entities.get("session") == inputs.session and Path(item.path).is_file():
            found.setdefault(kind, Path(item.path))
    return replace(inputs, references=found)


def _kind(desc: str | None, label: str | None) -> str | None:
    if desc == "brain":
        return "brain"
    return "lesion" if label == "L" and desc != "active" else None
