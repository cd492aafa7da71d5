"""Every measure of agreement of two lesion masks in one call, so that app and benchmarks say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.learning.lesion_agreement import protocols, voxelwise
from bidsapp.learning.lesion_agreement.detection import Detection
from bidsapp.learning.lesion_agreement.instances import Mask, flag_lesions


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
    first, second = flag_lesions(reference), flag_lesions(predicted)
    return LesionAgreement(
        dice=voxelwise.dice(first, second),
        ndsc=voxelwise.normalised_dice(first, second),
        volume=voxelwise.volume_error(first, second, voxel_mm3=voxel_mm3),
        hd95_mm=voxelwise.hausdorff_95(first, second, voxel_size=voxel_size),
        anima=protocols.anima(first, second, voxel_mm3=voxel_mm3),
        shifts=protocols.shifts(first, second, voxel_mm3=voxel_mm3),
        isbi=protocols.isbi(first, second, voxel_mm3=voxel_mm3),
        pairs=protocols.pairs(first, second, voxel_mm3=voxel_mm3),
    )
