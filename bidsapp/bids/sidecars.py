"""What stands beside an image or table: JSON metadata with BIDS URIs, and the text of a table."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from bidsapp.bids.dataset import RAW_LINK
from bidsapp.bids.listing import modalities
from bidsapp.bids.naming import derivative_path
from bidsapp.errors import BadDataError
from bidsapp.findings import Cell, Findings, Map, Table
from bidsapp.inputs import Inputs

RESOLUTIONS = {"1": "1 mm isotropic", "2": "2 mm isotropic"}


def modality_of(suffix: str, agent: str | None) -> str | None:
    """Name the modality of a suffix and contrast agent, or ``None``."""
    for name, item in modalities().items():
        if item.is_raw and item.suffix == suffix and item.entities.get("ce") == agent:
            return name
    return None


def map_metadata(item: Map, findings: Findings, inputs: Inputs | None, output_dir: Path) -> dict[str, object]:
    """Give the sidecar of a map: its own metadata, and what BIDS requires and the name already says.

    ``Sources`` that are paths become BIDS URIs: ``bids::`` in this dataset, ``bids:raw:`` in the source; a
    bare file name is one of the source, in the folder of the map's datatype; paths elsewhere (work
    folder) are left out.

    Raises
    ------
    BadDataError
        An image of a modality does not say whether it is skull-stripped.
    """
    content = dict(item.metadata)
    sources = content.pop("Sources", None)
    if sources is None:
        sources = _own_source(item, inputs)
    if isinstance(sources, str | Path):
        sources = [sources]
    if isinstance(sources, list | tuple):
        uris = [uri for source in sources if (uri := _uri(source, item, findings, output_dir))]
        if uris:
            content["Sources"] = uris
    space = item.entities.get("space")
    if space is not None and "SpatialReference" not in content and modality_of(space, None):
        content["SpatialReference"] = f"bids::{_reference(space, findings)}"
    if _is_volume(item) and "SkullStripped" not in content:
        raise BadDataError(
            f"Analysis {findings.analysis}: map '{item.title}' ({item.suffix}) lacks SkullStripped in its "
            "metadata, which BIDS requires."
        )
    resolution = item.entities.get("res")
    if resolution in RESOLUTIONS:
        content.setdefault("Resolution", RESOLUTIONS[resolution])
    return content


def column_metadata(table: Table) -> dict[str, object]:
    """Describe each column as BIDS wants it; a table of a task says its name."""
    content: dict[str, object] = {
        column.name: {
            "Description": column.description,
            **({"Units": column.unit} if column.unit else {}),
        }
        for column in table.columns
    }
    if "task" in table.entities:
        content["TaskName"] = table.entities["task"]
    return content


def with_gaps(table: Table) -> Table:
    """Give the table with ``None`` in place of what is not a finite number."""
    rows = tuple(
        tuple(None if isinstance(cell, float) and not math.isfinite(cell) else cell for cell in row)
        for row in table.rows
    )
    return replace(table, rows=rows)


def tsv_text(table: Table) -> str:
    """Give the table as BIDS text: tabs, ``n/a`` for gaps.

    Raises
    ------
    BadDataError
        A row has more or fewer cells than there are columns, or a column comes twice.
    """
    names = [column.name for column in table.columns]
    if len(set(names)) < len(names):
        raise BadDataError(f"Table '{table.title}' has two columns of one name.")
    lines = ["\t".join(names)]
    for row in table.rows:
        if len(row) != len(names):
            raise BadDataError(
                f"Table '{table.title}' has a row of {len(row)} cells for {len(names)} columns."
            )
        lines.append("\t".join(_cell(cell) for cell in row))
    return "\n".join(lines) + "\n"


def _cell(cell: Cell) -> str:
    if cell is None:
        return "n/a"
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return repr(float(cell))
    return " ".join(str(cell).split()) or "n/a"


def _reference(space: str, findings: Findings) -> PurePosixPath:
    """Name the image whose grid a space is: that of these findings (it may have an agent), or the usual."""
    own = [
        item.entities
        for item in findings.maps
        if (item.suffix, item.entities.get("desc")) == (space, "preproc") and "space" not in item.entities
    ]
    entities = own[0] if own else {"desc": "preproc"}
    return derivative_path(findings.subject, findings.session, "anat", entities, space, ".nii.gz")


def _is_volume(item: Map) -> bool:
    known = {(modality.datatype, modality.suffix) for modality in modalities().values() if modality.is_raw}
    return (item.datatype, item.suffix) in known and item.extension == ".nii.gz"


def _own_source(item: Map, inputs: Inputs | None) -> list[Path] | None:
    name = modality_of(item.suffix, item.entities.get("ce"))
    image = inputs.images.get(name) if inputs and name else None
    return [image.path] if image else None


def _uri(source: object, item: Map, findings: Findings, output_dir: Path) -> str | None:
    text = str(source)
    if text.startswith("bids:"):
        return text
    path = Path(text)
    folder = f"sub-{findings.subject}"
    if path.name == text:
        session = f"ses-{findings.session}/" if findings.session else ""
        return f"bids:{RAW_LINK}:{folder}/{session}{item.datatype}/{quote(text)}"
    if not path.is_absolute():
        return f"bids::{quote(path.as_posix())}"
    if path.is_relative_to(output_dir.absolute()):
        inside = path.relative_to(output_dir.absolute())
        return None if inside.parts[0] in {"work", "logs"} else f"bids::{quote(inside.as_posix())}"
    below = (folder, *([f"ses-{findings.session}"] if findings.session else []))
    if path.parts[-2 - len(below) : -2] != below or not path.name.startswith(f"{folder}_"):
        return None  # no name of a dataset: a file of the work folder
    before = path.parts[: -2 - len(below)]
    beside = before[-2:] if before[-2:-1] == ("derivatives",) else ()  # drawn by someone, beside the raw data
    return f"bids:{RAW_LINK}:{quote('/'.join((*beside, *path.parts[-2 - len(below) :])))}"
