"""Lesion-wise protocols of the field, each by its name: they give different numbers for the same masks."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from bidsapp.learning.lesion_agreement.detection import Detection, harmonic_f1
from bidsapp.learning.lesion_agreement.instances import Flags, Mask, Overlaps, overlap_lesions

ANIMA_ALPHA, ANIMA_BETA, ANIMA_GAMMA = 0.10, 0.70, 0.65
ANIMA_LARGER_THAN_MM3 = 3.0
SHIFTS_IOU = 0.25
PAIR_IOU = 0.10


def anima(reference: Mask, predicted: Mask, *, voxel_mm3: float) -> Detection:
    """Judge lesions as the MSSEG challenge did with Anima (Commowick et al. 2018, Sci Rep 8:13650).

    Lesions are 6-connected and larger than 3 mm3 in both masks. A reference lesion is found when

    1. more than alpha = 10 % of it is covered by predicted lesions, and
    2. among the predicted lesions that cover it, taken from the largest overlap on until they make up
       gamma = 65 % of the covered part, none lies by more than beta = 70 % of its own volume outside
       of all reference lesions.

    A predicted lesion is confirmed by the same rule with the roles exchanged. F1 is the harmonic mean
    of both shares. Equal overlaps are taken from the larger lesion on, as the tool's labels are sorted.
    The tool ends step 2 early where more predicted lesions overlap than the reference has; the paper
    does not, and neither does this.

    Parameters
    ----------
    reference, predicted
        Shape ``(x, y, z)``; voxels above 0.5 are lesion.
    voxel_mm3
        Volume of a voxel.
    """
    overlaps = overlap_lesions(
        reference, predicted, connectivity=6, voxel_mm3=voxel_mm3, larger_than_mm3=ANIMA_LARGER_THAN_MM3
    )
    found, confirmed = _anima_found(overlaps), _anima_found(overlaps.transposed)
    return _detection("anima", overlaps, found, confirmed, harmonic_f1(found, confirmed))


def shifts(reference: Mask, predicted: Mask, *, voxel_mm3: float) -> Detection:
    """Judge lesions as the Shifts challenge did (Malinin et al. 2022, arXiv:2206.15407).

    Lesions are 6-connected, of any size. One is found, or confirmed, when its best partner in the other
    mask has an intersection over union of at least 0.25. F1 is TP / (TP + (FP + FN) / 2) with TP the
    confirmed predicted lesions.
    """
    overlaps = overlap_lesions(reference, predicted, connectivity=6, voxel_mm3=voxel_mm3)
    found, confirmed = _any_partner(overlaps.iou >= SHIFTS_IOU)
    true = int(confirmed.sum())
    wrong = int((~confirmed).sum()) + int((~found).sum())
    f1 = true / (true + wrong / 2) if true + wrong else 1.0
    return _detection("shifts", overlaps, found, confirmed, f1)


def isbi(reference: Mask, predicted: Mask, *, voxel_mm3: float) -> Detection:
    """Judge lesions as the ISBI 2015 challenge did (Carass et al. 2017, NeuroImage 148:77).

    Lesions are 18-connected, of any size; any shared voxel counts. Recall is the challenge's LTPR and
    precision is 1 - LFPR. The challenge has no F1: here it is the harmonic mean of the two.
    """
    overlaps = overlap_lesions(reference, predicted, connectivity=18, voxel_mm3=voxel_mm3)
    found, confirmed = _any_partner(overlaps.shared > 0)
    return _detection("isbi", overlaps, found, confirmed, harmonic_f1(found, confirmed))


def pairs(reference: Mask, predicted: Mask, *, voxel_mm3: float) -> Detection:
    """Judge lesions in pairs, one to one, so that one large blob cannot find many lesions at once.

    Lesions are 6-connected and larger than 3 mm3. The assignment has the largest sum of intersection
    over union (Hungarian method) over pairs of at least 0.1. That is less than Shifts asks for: a rim of
    1 mm makes a cube of 10 mm3 seven times as large. For recall and precision by size.
    """
    overlaps = overlap_lesions(
        reference, predicted, connectivity=6, voxel_mm3=voxel_mm3, larger_than_mm3=ANIMA_LARGER_THAN_MM3
    )
    gains = np.where(overlaps.iou >= PAIR_IOU, overlaps.iou, 0.0)
    rows, columns = linear_sum_assignment(gains, maximize=True)
    matched = gains[rows, columns] > 0
    found, confirmed = (np.zeros(count, dtype=bool) for count in gains.shape)
    found[rows[matched]] = True
    confirmed[columns[matched]] = True
    return _detection("pairs", overlaps, found, confirmed, harmonic_f1(found, confirmed))


def _any_partner(partners: Flags) -> tuple[Flags, Flags]:
    """Tell which rows and which columns of the table of pairs hold any."""
    return np.logical_or.reduce(partners, axis=1), np.logical_or.reduce(partners, axis=0)


def _anima_found(overlaps: Overlaps) -> Flags:
    outside = (overlaps.predicted - overlaps.shared.sum(axis=0)) / overlaps.predicted
    covered = overlaps.shared.sum(axis=1)
    found = covered / overlaps.reference > ANIMA_ALPHA
    for lesion in np.flatnonzero(found):
        shared = overlaps.shared[lesion]
        order = np.lexsort((-overlaps.predicted, -shared))
        before = np.cumsum(shared[order]) - shared[order]
        needed = order[before < ANIMA_GAMMA * covered[lesion]]
        found[lesion] = bool((outside[needed] <= ANIMA_BETA).all())
    return np.asarray(found, dtype=np.bool_)


def _detection(protocol: str, overlaps: Overlaps, found: Flags, confirmed: Flags, f1: float) -> Detection:
    return Detection(
        protocol=protocol,
        reference_mm3=overlaps.reference * np.float64(overlaps.voxel_mm3),
        found=found,
        predicted_mm3=overlaps.predicted * np.float64(overlaps.voxel_mm3),
        confirmed=confirmed,
        f1=f1,
    )
