"""Files that an image cannot be read without: b-values, vectors, the context and the calibration of ASL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.bids.identifiers import without_identifiers
from bidsapp.bids.listing import CALIBRATION
from bidsapp.inputs import Image

if TYPE_CHECKING:
    from bidsapp.bids.choose import Candidate

TEXTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "dwi": {"bval": ("dwi", ".bval"), "bvec": ("dwi", ".bvec")},
    "asl": {"aslcontext": ("aslcontext", ".tsv")},
}
"""For each modality, suffix and extension of the text files that belong to its image."""


def find_companions(modality: str, image: Candidate, found: Iterable[Candidate]) -> dict[str, Image]:
    """Find what belongs to an image, by the inheritance principle of BIDS.

    Parameters
    ----------
    modality
        Key of ``data/modalities.json``.
    image
        The chosen file.
    found
        All images of the subject and session.

    Returns
    -------
    companions
        ``bval``, ``bvec``; ``aslcontext``, ``m0scan``; what is not there is left out.
    """
    companions = {}
    for name, (suffix, extension) in TEXTS.get(modality, {}).items():
        path = inherited(image.path, suffix, extension)
        if path is not None:
            companions[name] = Image(path=path, modality=name, datatype=path.parent.name, suffix=suffix)
    if modality == "asl" and (calibration := _calibration(image, found)) is not None:
        companions[CALIBRATION] = Image(
            path=calibration.path,
            modality=CALIBRATION,
            datatype=calibration.path.parent.name,
            suffix=CALIBRATION,
            metadata=without_identifiers(
                calibration.indexed.file.get_metadata(), calibration.path.name, calibration.entities["sub"]
            )[0],
        )
    return companions


def inherited(image: Path, suffix: str, extension: str) -> Path | None:
    """Find the text file that applies to an image: the nearest above it whose entities are all its own.

    Of several in one folder the one with the most entities applies.
    """
    own = set(image.name.split(".", 1)[0].split("_")[:-1])
    for folder in _upwards(image):
        fitting = [
            (len(parts), path)
            for path in sorted(folder.glob(f"*{suffix}{extension}"))
            for *parts, last in [path.name.removesuffix(extension).split("_")]
            if last == suffix and set(parts) <= own and path.exists()
        ]
        if fitting:
            return max(fitting)[1]
    return None


def _upwards(image: Path) -> Iterator[Path]:
    """Give the folder of an image and those above it, up to the root of the dataset."""
    subject = image.name.split("_", 1)[0]
    for folder in image.parents:
        yield folder
        if folder.name == subject:
            yield folder.parent
            return


def _calibration(image: Candidate, found: Iterable[Candidate]) -> Candidate | None:
    """Choose the calibration scan: of the image's own entities, else intended for it, else the only one."""
    scans = [item for item in found if item.indexed.entities.get("suffix") == CALIBRATION]
    scans = [item for item in scans if item.path.parent == image.path.parent]
    for item in scans:
        if item.entities == image.entities:
            return item
    for item in scans:
        intended = item.indexed.file.get_metadata().get("IntendedFor", [])
        targets = intended if isinstance(intended, list) else [intended]
        if any(str(target).endswith(f"/{image.path.name}") for target in targets):
            return item
    return scans[0] if len(scans) == 1 else None
