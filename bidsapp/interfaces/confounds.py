"""What moved in a BOLD scan, frame by frame: a table beside its signals, and the picture of the report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bidsapp.files import write_json
from bidsapp.findings import Cell, Column, Table
from bidsapp.interfaces.derived_outputs import image_entities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bidsapp.images.bold import Cleaned, Realigned


def confound_columns() -> tuple[Column, ...]:
    """Give the columns of the table; names are fMRIPrep's, except ``kept``."""
    ways = tuple(zip("xyz", ("right", "front", "top"), strict=True))
    translations = tuple(
        Column(name=f"trans_{axis}", description=f"Translation to the {way}, of the head's middle", unit="mm")
        for axis, way in ways
    )
    rotations = tuple(
        Column(name=f"rot_{axis}", description=f"Rotation about the axis to the {way}", unit="rad")
        for axis, way in ways
    )
    return (
        Column(name="framewise_displacement", description="Power et al. 2012, head of 50 mm", unit="mm"),
        Column(name="dvars", description="Change of the signal to this frame, in its mean", unit="%"),
        *translations,
        *rotations,
        Column(name="kept", description="Whether the frame is in the signals of regions"),
    )


def write_confounds(
    path: Path, realigned: Realigned, cleaned: Cleaned, brain: NDArray[np.bool_], *, modality: str
) -> Path:
    """Write the rows of the table as JSON, to be named once the whole session is described.

    Parameters
    ----------
    path
        File to write.
    realigned, cleaned
        The scan.
    brain
        Shape ``(x, y, z)``: the voxels that DVARS looks at.
    modality
        Key of ``data/modalities.json``.
    """
    from bidsapp.images.motion import dvars

    change = dvars(realigned.frames.data[brain].T)
    numbers = np.column_stack([realigned.displacement, change, realigned.parameters])
    rows: list[list[Cell]] = [
        [*(round(value, 6) for value in row), bool(kept)]
        for row, kept in zip(numbers.tolist(), cleaned.kept, strict=True)
    ]
    rows[0][:2] = [None, None]  # no frame is before it
    return write_json(path, {"modality": modality, "dropped": realigned.dropped, "rows": rows})


def confound_table(path: Path, entities: Mapping[str, Mapping[str, str]]) -> Table:
    """Read what :func:`write_confounds` wrote, under the name of its scan.

    Parameters
    ----------
    path
        JSON.
    entities
        Of the files in the dataset, by modality.
    """
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    modality, dropped = content["modality"], content["dropped"]
    after = f", after the first {dropped}" if dropped else ""
    return Table(
        title=f"Motion during {modality.upper()}: {len(content['rows'])} frames{after}",
        suffix="timeseries",
        entities={**image_entities(modality, {}, entities), "desc": "confounds"},
        datatype="func",
        columns=confound_columns(),
        rows=tuple(tuple(row) for row in content["rows"]),
        display="motion",
    )
