"""One image for each modality: what cannot be read is left out, the best of several is taken, all is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from bidsapp.bids.companions import find_companions
from bidsapp.bids.identifiers import header_warnings, without_identifiers
from bidsapp.bids.index import Indexed
from bidsapp.bids.listing import Modality, modalities
from bidsapp.bids.naming import entity_names
from bidsapp.errors import BidsAppError, NoInputError
from bidsapp.inputs import Image
from bidsapp.reading import check_plain

# Entities that the BIDS schema allows in the names of raw images of these modalities.
RAW = frozenset({"sub", "ses", "task", "acq", "ce", "trc", "rec", "dir", "run", "echo", "part", "chunk"})
WHOLE_HEAD = 100.0  # mm; a slab thinner than this along any axis cannot hold a brain
_SAME = 1.01  # voxel volumes within 1 % are the same resolution
_POINTER = b"/annex/objects/"
_AGENT = "ContrastBolusIngredient"


class Candidate(NamedTuple):
    """A file that may be the image of a modality; ``entities`` by short names, in the order of the name."""

    path: Path
    entities: Mapping[str, str]
    indexed: Indexed


def candidates(found: Iterable[Indexed]) -> tuple[list[Candidate], list[str]]:
    """Keep the files that have a valid name and can be read; give a sentence for each other one."""
    kept: list[Candidate] = []
    notes: list[str] = []
    short = {long: name for name, long in entity_names().items()}
    for item in sorted(found, key=lambda file: str(file.path)):
        path = item.path
        entities = {short[key]: str(value) for key, value in item.entities.items() if key in short}
        reason = _odd(path, entities) or _unreadable(path)
        if reason:
            notes.append(f"{path.name} was left out: {reason}")
            continue
        ordered = {key: entities[key] for key in entity_names() if key in entities}
        kept.append(Candidate(path, ordered, item))
    return kept, notes


def choose(
    name: str, found: Iterable[Candidate], admitted: frozenset[str] | None, *, metadata: bool = True
) -> tuple[Image | None, list[str]]:
    """Choose the image of one modality.

    Of several, whole heads come before slabs, then the smallest voxel wins, then the longest series, then
    the lowest run, then the first name; a filter (``admitted``) comes before all that.

    Parameters
    ----------
    name
        Key of ``data/modalities.json``.
    found
        Files of one subject and session.
    admitted
        Paths that the filter of this modality leaves; ``None`` when there is no filter.
    metadata
        Whether the sidecars were read.
    """
    modality = modalities()[name]
    found = list(found)
    fitting = [item for item in found if _fits(item, modality, admitted)]
    if not fitting:
        return None, []
    best, notes = _best(fitting, name)
    content, private = _metadata(best) if metadata else ({}, [])
    notes += [*private, *(header_warnings(best.path) if metadata else ())]
    if metadata and not content and not private:
        notes.append(f"{best.path.name} has no sidecar: what it would say is unknown.")
    if content.get(_AGENT) and "ce" not in best.entities:
        notes.append(
            f"{best.path.name} was taken as an image without contrast agent, but its sidecar names one "
            f"({_AGENT}: {content[_AGENT]}); rename it (ce-gadolinium) if it was given before this scan."
        )
    entities = {key: value for key, value in best.entities.items() if key not in {"sub", "ses"}}
    suffix = str(best.indexed.entities["suffix"])
    image = Image(
        path=best.path,
        modality=name,
        datatype=best.path.parent.name,
        suffix=suffix,
        entities=entities,
        metadata=content,
        companions=find_companions(name, best, found) if metadata else {},
    )
    return image, notes


def _metadata(item: Candidate) -> tuple[dict[str, object], list[str]]:
    """Give the sidecar of an image without what tells who the person is; what was left out is said."""
    content = dict(item.indexed.file.get_metadata())
    return without_identifiers(content, f"The sidecar of {item.path.name}", item.entities["sub"])


def _fits(item: Candidate, modality: Modality, admitted: frozenset[str] | None) -> bool:
    agent = modality.entities.get("ce")
    own = item.entities.get("ce")
    task = modality.entities.get("task")
    if task is not None and not item.entities.get("task", "").lower().startswith(task):
        return False  # rest, restingstate, restEyesClosed
    if admitted is not None:
        right = agent is None or own is None or own.lower() == agent.lower()
        return str(item.path) in admitted and right and (agent is None) == (own is None)
    entities = item.indexed.entities
    if entities.get("suffix") != modality.suffix or entities.get("datatype") != modality.datatype:
        return False
    return own is None if agent is None else own is not None and own.lower() == agent.lower()


def _odd(path: Path, entities: Mapping[str, str]) -> str:
    *parts, suffix = path.name.split(".", 1)[0].split("_")
    labels = [part.partition("-")[::2] for part in parts]
    for part, (key, label) in zip(parts, labels, strict=True):
        if key not in RAW or key not in entities or not label:
            return f"'{part}' is not part of a BIDS name of a raw image."
    own = dict(labels)
    if len(own) < len(parts):
        return "its name gives an entity twice."
    if any(own.get(key) != entities.get(key) for key in ("sub", "ses")):
        return "its name and its folder are not of the same subject and session."
    for modality in modalities().values():
        if suffix != modality.suffix and suffix.lower() == modality.suffix.lower():
            return f"its suffix must be written {modality.suffix}."
    if entities.get("part", "mag") != "mag":
        return "it holds no magnitude."
    return ""


def _unreadable(path: Path) -> str:
    if not path.exists():
        return "the link points nowhere; get the content first (DataLad: datalad get)."
    try:
        check_plain(path)
        with path.open("rb") as stream:
            start = stream.read(len(_POINTER))
    except NoInputError:
        return "it is no plain file (a pipe, a device)."
    except OSError as error:
        return f"it cannot be opened ({error.strerror}); check its permissions."
    if not start:
        return "it is empty (0 bytes); copy it again."
    if start == _POINTER:
        return "it is only a pointer; get the content first (DataLad: datalad get)."
    return ""


def _best(fitting: list[Candidate], name: str) -> tuple[Candidate, list[str]]:
    if len(fitting) == 1:
        return fitting[0], []
    sized = [(item, geometry) for item in fitting if (geometry := _geometry(item.path)) is not None]
    if not sized:
        return fitting[0], [f"{name}: none of {len(fitting)} files has a header that can be read."]
    heads = [pair for pair in sized if pair[1].extent >= WHOLE_HEAD] or sized
    finest = min(geometry.voxel for _, geometry in heads)
    sharp = [pair for pair in heads if pair[1].voxel <= finest * _SAME]
    longest = max(geometry.frames for _, geometry in sharp)  # two volumes for the distortion are no series
    same = [item for item, geometry in sharp if geometry.frames == longest]
    best = min(same, key=lambda item: (int(item.entities.get("run", "0")), item.path.name))
    reason = "lowest run or first name of the finest" if len(same) > 1 else "finest"
    if len(heads) < len(sized):
        reason += " of those that cover the head"
    others = ", ".join(item.path.name for item in fitting if item is not best)
    return best, [f"{name}: {best.path.name} was taken ({reason}); not used: {others}."]


class _Geometry(NamedTuple):
    """Volume of a voxel (mm3), smallest extent (mm) and number of volumes of an image."""

    voxel: float
    extent: float
    frames: int


def _geometry(path: Path) -> _Geometry | None:
    """Read the size of an image, or give ``None`` for a broken header."""
    if path.suffix == ".tsv":
        return _Geometry(1.0, WHOLE_HEAD, 1)  # a table has no voxels: all are alike
    from bidsapp.nifti import open_image, read_header

    try:
        with open_image(path) as image:
            header = read_header(image)
    except BidsAppError:
        return None  # said by the caller, and by the checks of the images where it is the only one
    shape, zooms = header.get_data_shape(), header.get_zooms()[:3]
    volume = float(zooms[0] * zooms[1] * zooms[2])
    extent = min(float(n * size) for n, size in zip(shape[:3], zooms, strict=True))
    return _Geometry(volume, extent, int(shape[3]) if len(shape) > 3 else 1)
