"""Write what is true of a simulated visit: lesion masks, a table of lesions and the brain mask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.files import write_json, write_text
from bidsapp.simulate.planting import Lesion
from bidsapp.simulate.session import Visit

_COLUMNS = (
    "index",
    "name",
    "kind",
    "size_mm",
    "volume_mm3",
    "mni_x",
    "mni_y",
    "mni_z",
    "world_x",
    "world_y",
    "world_z",
    "change",
)


def write_truth(
    stem: Path,
    visit: Visit,
    sidecars: Mapping[str, object],
    *,
    write_image: Callable[[Path, NDArray[np.uint8]], Path],
) -> None:
    """Write the truth of one visit, in the grid of its T1w image.

    Parameters
    ----------
    stem : Path
        Path of the files without suffix: ``.../sub-X[_ses-Y]``.
    visit : Visit
        The visit.
    sidecars : mapping
        JSON content for ``lesion``, ``active``, ``brain`` and ``dseg``.
    write_image : callable
        Writes an array on axes RAS to a path.
    """
    labels = np.zeros(visit.brain.shape, dtype=np.uint8)
    active = np.zeros(visit.brain.shape, dtype=np.uint8)
    for index, lesion in enumerate(visit.lesions, start=1):
        labels[lesion.mask] = index
        if lesion.layers[0].kind == "active":
            active[lesion.mask] = 1
    images = {"brain": ("desc-brain_mask", visit.brain.astype(np.uint8))}
    if visit.lesions:
        images |= {
            "lesion": ("label-L_desc-manual_mask", (labels > 0).astype(np.uint8)),
            "dseg": ("seg-lesions_dseg", labels),
        }
        _write_table(_name(stem, "seg-lesions_dseg.tsv"), visit)
    if "ceT1w" in visit.images:
        images["active"] = ("label-L_desc-active_mask", active)
    for key, (ending, data) in images.items():
        write_image(_name(stem, f"{ending}.nii.gz"), data)
        write_json(_name(stem, f"{ending}.json"), sidecars[key])


def _name(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}_space-orig_{ending}")


def _write_table(path: Path, visit: Visit) -> None:
    rows = [_row(index, lesion, visit) for index, lesion in enumerate(visit.lesions, start=1)]
    write_text(path, "\n".join("\t".join(row) for row in (_COLUMNS, *rows)) + "\n")


def _row(index: int, lesion: Lesion, visit: Visit) -> tuple[str, ...]:
    voxels = np.argwhere(lesion.mask)
    world = visit.affine[:3, :3] @ voxels.mean(axis=0) + visit.affine[:3, 3]
    volume = len(voxels) * abs(float(np.linalg.det(visit.affine[:3, :3])))
    return (
        str(index),
        lesion.plan.name,
        "+".join(layer.kind for layer in lesion.layers),
        f"{lesion.layers[0].size_mm:g}",
        f"{volume:.1f}",
        *(f"{value:g}" for value in lesion.plan.mni),
        *(f"{value:.1f}" for value in world),
        lesion.change,
    )
