"""What calibration needs to know of a scan: how many voxels of each logit are lesion and how many are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
FARTHEST, WIDTH = 16.0, 0.02
_BINS = round(2 * FARTHEST / WIDTH)
_CENTRES = (np.arange(_BINS) + 0.5) * WIDTH - FARTHEST


@dataclass(frozen=True, eq=False)
class LogitCounts:
    """Voxels of one scan by logit, in bins so fine that scaling and scores need nothing else.

    A scan of any size takes 38 kB, so that a cohort fits in memory.

    Attributes
    ----------
    logit
        Mean logit of the voxels in each bin, rising.
    negative, positive
        How many of them are outside of true lesions, and inside.
    """

    logit: Array
    negative: Array
    positive: Array

    @property
    def total(self) -> float:
        """Number of voxels."""
        return float(self.negative.sum() + self.positive.sum())


def count_logits(logits: NDArray[np.floating], truth: Mask, region: Mask | None = None) -> LogitCounts:
    """Count the voxels of a scan.

    Parameters
    ----------
    logits
        Of a lesion; those beyond 16 either way, which differ in probability by 1e-7, share the last bin.
    truth
        True lesions, of the same shape.
    region
        Voxels to count; all without it.

    Raises
    ------
    ValueError
        There is no voxel, or one whose logit is not a number.
    """
    inside = np.ones(truth.shape, dtype=np.bool_) if region is None else region
    values, lesion = logits[inside].astype(np.float64), truth[inside]
    if not values.size or not np.isfinite(values).all():
        raise ValueError("Calibration needs voxels, each with a finite logit")
    values = np.clip(values, -FARTHEST, FARTHEST)
    place = np.minimum((values + FARTHEST) / WIDTH, _BINS - 1).astype(np.intp)
    number = np.bincount(place, minlength=_BINS)
    positive = np.bincount(place[lesion], minlength=_BINS).astype(np.float64)
    sums = np.bincount(place, weights=values, minlength=_BINS)
    mean = np.divide(sums, number, out=_CENTRES.copy(), where=number > 0)
    return LogitCounts(mean, number - positive, positive)


def pool(scans: Sequence[LogitCounts]) -> LogitCounts:
    """Count the voxels of several scans, at least one, as if they were one: the sessions of a patient."""
    negative = np.sum([each.negative for each in scans], axis=0)
    positive = np.sum([each.positive for each in scans], axis=0)
    sums = np.sum([each.logit * (each.negative + each.positive) for each in scans], axis=0)
    number = negative + positive
    return LogitCounts(np.divide(sums, number, out=_CENTRES.copy(), where=number > 0), negative, positive)


def near_lesions(
    truth: Mask, prediction: Mask, brain: Mask, voxel_size: tuple[float, float, float], distance: float = 5.0
) -> Mask:
    """Give the brain near true and predicted lesions, these included.

    In the whole brain the easy background is 99 % of the voxels, and any network looks calibrated.

    Parameters
    ----------
    truth, prediction, brain
        Shape ``(x, y, z)``.
    voxel_size
        In mm.
    distance
        Farthest from a lesion, in mm.

    Returns
    -------
    ndarray
        Of the same shape; empty where there is no lesion at all.
    """
    lesions = truth | prediction
    if not lesions.any():
        return np.zeros_like(brain)
    away = ndimage.distance_transform_edt(~lesions, sampling=voxel_size)
    return np.asarray(brain & (away <= distance), dtype=np.bool_)
