"""Every measure of agreement of two lesion masks in one call, so that app and benchmarks say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from bidsapp.learning.lesion_agreement import protocols, voxelwise
from bidsapp.learning.lesion_agreement.detection import Detection
from bidsapp.learning.lesion_agreement.instances import Flags, Mask, check_shapes, flag_lesions


@dataclass(frozen=True, eq=False)
class LesionAgreement:
    """How well a predicted lesion mask agrees with a reference.

    Attributes
    ----------
    dice, ndsc, volume, hd95_mm
        See :mod:`~bidsapp.learning.lesion_agreement.voxelwise`.
    anima, shifts, isbi, pairs
        See :mod:`~bidsapp.learning.lesion_agreement.protocols`.
    """

    dice: float
    ndsc: float
    volume: voxelwise.VolumeError
    hd95_mm: float | None
    anima: Detection
    shifts: Detection
    isbi: Detection
    pairs: Detection


def measure_agreement(reference: Mask, predicted: Mask, *, voxel_size: Sequence[float]) -> LesionAgreement:
    """Compare two lesion masks on one grid.

    Parameters
    ----------
    reference, predicted
        Shape ``(x, y, z)``; voxels above 0.5 are lesion.
    voxel_size
        Edges of a voxel in mm, on rectangular axes.

    Raises
    ------
    ValueError
        The masks have different shapes.
    """
    voxel_mm3 = float(np.prod(voxel_size))
    check_shapes(reference, predicted)
    first, second = flag_lesions(reference), flag_lesions(predicted)
    near = _box(first | second)
    cut = first[near], second[near]
    return LesionAgreement(
        dice=voxelwise.dice(*cut),
        ndsc=voxelwise.normalised_dice(first, second),
        volume=voxelwise.volume_error(*cut, voxel_mm3=voxel_mm3),
        hd95_mm=voxelwise.hausdorff_95(*cut, voxel_size=voxel_size),
        anima=protocols.anima(*cut, voxel_mm3=voxel_mm3),
        shifts=protocols.shifts(*cut, voxel_mm3=voxel_mm3),
        isbi=protocols.isbi(*cut, voxel_mm3=voxel_mm3),
        pairs=protocols.pairs(*cut, voxel_mm3=voxel_mm3),
    )


def _box(either: Flags) -> tuple[slice, ...]:
    """Give the box around all lesions with a margin of one voxel; all but nDSC is the same within it."""
    found = ndimage.find_objects(either.astype(np.uint8))
    if not found:
        return tuple(slice(0, 1) for _ in either.shape)
    return tuple(slice(max(0, part.start - 1), part.stop + 1) for part in found[0])
