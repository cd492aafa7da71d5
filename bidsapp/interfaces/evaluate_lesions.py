"""Compares a lesion mask among findings with a manual one, wherever that lies and whatever its grid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bidsapp.findings import Map, Score, Table

if TYPE_CHECKING:
    from bidsapp.images.volume import Grid, Volume


@dataclass(frozen=True)
class LesionEvaluation:
    """What the comparison adds to findings."""

    scores: tuple[Score, ...] = ()
    maps: tuple[Map, ...] = ()
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()


def evaluate_lesions(item: Map, reference: Path, folder: Path) -> LesionEvaluation:
    """Compare a lesion mask with a manual one.

    Parameters
    ----------
    item
        Mask of lesions in the subject's own space.
    reference
        Manual mask; resampled to the grid of ``item`` in world coordinates, nearest neighbour. It may be
        empty: a patient without lesions.
    folder
        Where the resampled manual mask is written.

    Returns
    -------
    LesionEvaluation
        Scores, recall by size, and the manual mask as a contour; or, where no manual lesion lies in the
        field of view of ``item``, nothing but a sentence that says so.

    Raises
    ------
    BadDataError
        The manual mask cannot be read as an image of three dimensions.
    """
    from bidsapp.images.checks import check_image
    from bidsapp.images.grids import resample
    from bidsapp.images.volume import read_volume
    from bidsapp.interfaces.lesion_scores import agreement_scores, size_table
    from bidsapp.learning.lesion_agreement.agreement import measure_agreement

    mask = read_volume(item.path)
    manual, notes = check_image(reference, may_be_zero=True)
    inside = share_inside(manual, mask.grid)
    if inside == 0:
        sentence = (
            f"No lesion of the manual mask {reference.name} lies in the field of view of '{item.title}': "
            "nothing was scored; check that it belongs to this session and that its header is right."
        )
        return LesionEvaluation(warnings=(sentence,))
    placed = resample(manual, mask.grid, interpolation="nearest", antialias=False)
    found = measure_agreement(placed.data, mask.data, voxel_size=mask.voxel_size.tolist())
    entities = {**item.entities, "desc": "reference"}
    return LesionEvaluation(
        scores=agreement_scores(found, f"'{item.title}' and the manual mask {reference.name}"),
        maps=(_contour(item, placed, reference, folder, entities),),
        tables=(size_table(found.pairs, entities),),
        warnings=(*(f"{reference.name}: {note}." for note in notes), *_partly(inside, item, reference)),
    )


def share_inside(mask: Volume, grid: Grid) -> float:
    """Give the share of a mask's voxels whose centres lie in the field of view of a grid; 1 for no voxels."""
    voxels = np.argwhere(mask.data > 0.5)
    if len(voxels) == 0:
        return 1.0
    to_grid = np.linalg.inv(grid.affine) @ mask.affine
    places = voxels @ to_grid[:3, :3].T + to_grid[:3, 3]
    return float(((places >= -0.5) & (places <= np.asarray(grid.shape) - 0.5)).all(axis=1).mean())


def _partly(inside: float, item: Map, reference: Path) -> tuple[str, ...]:
    if inside == 1:
        return ()
    return (
        f"{1 - inside:.1%} of the lesion volume of the manual mask {reference.name} lies outside of the "
        f"field of view of '{item.title}' and was not scored.",
    )


def _contour(item: Map, placed: Volume, reference: Path, folder: Path, entities: dict[str, str]) -> Map:
    from bidsapp.images.volume import write_volume

    return Map(
        path=write_volume(folder / f"reference_{item.path.name}", placed, dtype=np.uint8),
        suffix="mask",
        datatype="figures",
        entities=entities,
        title=f"Manual mask {reference.name}",
        metadata={"Type": "Lesion"},
        display="contour",
        backdrop=item.backdrop,
    )
