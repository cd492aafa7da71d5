"""Agreement of two lesion masks by voxels, volume and surface, without regard to single lesions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.learning.lesion_agreement.instances import Mask, check_shapes, flag_lesions

Floats = NDArray[np.float64]
SHIFTS_LOAD = 0.001
"""Share of lesion voxels that the Shifts challenge scales every patient to."""


@dataclass(frozen=True)
class VolumeError:
    """How far the predicted volume is off; above 0 where too much was predicted.

    Attributes
    ----------
    millilitres
        Predicted less reference volume.
    relative
        The same as a share of the reference volume; 0 where both masks are empty, ``None`` where only
        the reference is.
    """

    millilitres: float
    relative: float | None


def dice(reference: Mask, predicted: Mask) -> float:
    """Give 2|R and P| / (|R| + |P|) (Dice 1945); 1 where both masks are empty.

    Parameters
    ----------
    reference, predicted
        Of one shape; voxels above 0.5 are lesion.
    """
    true, false, missed = _counts(reference, predicted)
    total = 2 * true + false + missed
    return 1.0 if total == 0 else 2 * true / total


def normalised_dice(reference: Mask, predicted: Mask, *, load: float = SHIFTS_LOAD) -> float:
    """Give the Dice overlap that a patient of a fixed lesion load would have (nDSC).

    Dice rises with the lesion load. Here the false positives are scaled by
    ``k = h (1 / r - 1)``, with ``h`` the ratio of lesion to other voxels in the reference and ``r`` the
    load of comparison, and ``nDSC = 2 TP / (2 TP + k FP + FN)`` (Raina et al. 2023, ISBI, arXiv:2302.05432;
    the ranking metric of the Shifts challenge). The value depends on the field of view through ``h``: all
    voxels of the array count, as in the challenge.

    Parameters
    ----------
    reference, predicted
        Of one shape; voxels above 0.5 are lesion.
    load
        ``r``, between 0 and 1.

    Returns
    -------
    float
        1 where both masks are empty, 0 where only one is.
    """
    true, false, missed = _counts(reference, predicted)
    errors = (np.array(float(count)) for count in (false, missed))
    return float(normalised_dice_of(true + missed, reference.size, *errors, load=load))


def normalised_dice_of(
    positives: int, voxels: int, false: Floats, missed: Floats, *, load: float = SHIFTS_LOAD
) -> Floats:
    """Give nDSC from counts, see :func:`normalised_dice`.

    Parameters
    ----------
    positives, voxels
        True lesion voxels, and all voxels.
    false, missed
        Numbers of false positive and false negative voxels, one shape.
    load
        Share of lesion voxels that it is scaled to.

    Returns
    -------
    ndarray
        Of their shape; 1 where there is nothing to find and nothing is found.
    """
    scale = (1 - load) * positives / (load * (voxels - positives)) if 0 < positives < voxels else 1.0
    hit = positives - missed
    total = np.asarray(2 * hit + scale * false + missed)
    return np.divide(2 * hit, total, out=np.ones_like(total), where=total > 0)


def volume_error(reference: Mask, predicted: Mask, *, voxel_mm3: float) -> VolumeError:
    """Compare the volumes of two masks, wherever the voxels lie."""
    true, false, missed = _counts(reference, predicted)
    difference, lesion = false - missed, true + missed
    if lesion == 0:
        return VolumeError(difference * voxel_mm3 / 1000, 0.0 if difference == 0 else None)
    return VolumeError(difference * voxel_mm3 / 1000, difference / lesion)


def hausdorff_95(reference: Mask, predicted: Mask, *, voxel_size: Sequence[float]) -> float | None:
    """Give the 95th percentile Hausdorff distance of the surfaces, the larger of both directions (MONAI).

    Parameters
    ----------
    reference, predicted
        Shape ``(x, y, z)``; voxels above 0.5 are lesion.
    voxel_size
        Edges of a voxel in mm.

    Returns
    -------
    float or None
        Millimetres; 0 where both masks are empty, ``None`` where only one is: there is no distance then.
    """
    from monai.metrics import compute_hausdorff_distance

    check_shapes(reference, predicted)
    first, second = flag_lesions(reference), flag_lesions(predicted)
    if not first.any() or not second.any():
        return 0.0 if first.any() == second.any() else None
    distance = compute_hausdorff_distance(
        second[None, None].astype(np.float32),
        first[None, None].astype(np.float32),
        include_background=True,
        percentile=95,
        spacing=[float(edge) for edge in voxel_size],
    )
    return float(distance[0, 0])


def _counts(reference: Mask, predicted: Mask) -> tuple[int, int, int]:
    """Count voxels that are true positive, false positive, false negative."""
    check_shapes(reference, predicted)
    first, second = flag_lesions(reference), flag_lesions(predicted)
    true = int((first & second).sum())
    return true, int(second.sum()) - true, int(first.sum()) - true
