"""Retention curves: how the score rises as the most doubtful voxels are handed to an expert.

What is not retained is replaced by the truth. An uncertainty that tells errors lifts the curve early, so the
area under it says how well doubt and error agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.learning.lesion_agreement.voxelwise import normalised_dice_of

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
SHIFTS_FRACTIONS = np.log(np.arange(1, 201)) / np.log(200)  # dense towards 1, where lesions are decided


@dataclass(frozen=True, eq=False)
class Retention:
    """A score at each fraction of retained predictions, both rising to the full prediction at 1.

    Attributes
    ----------
    fractions
        From 0 to 1, rising.
    scores
        Of the same shape, between 0 and 1.
    """

    fractions: Array
    scores: Array

    @property
    def area(self) -> float:
        """Area under the curve of scores, higher is better (Molchanova et al. 2025: nDSC-RC AUC).

        Malinin et al. 2022 give 1 minus it, the area under the curve of errors (nDSC R-AUC).
        """
        return float(np.trapezoid(self.scores, self.fractions))


def voxel_retention(
    truth: Mask, prediction: Mask, uncertainty: NDArray[np.floating], fractions: Array = SHIFTS_FRACTIONS
) -> Retention:
    """Give the normalised Dice retention curve of one scan (Shifts 2.0, Malinin et al. 2022).

    Where many voxels have the same uncertainty, each fraction of them has their mean number of errors: the
    curve does not depend on the order of voxels in memory, and a constant gives the curve of random order.

    Parameters
    ----------
    truth, prediction, uncertainty
        Of the voxels of the brain, one shape.
    fractions
        Of the voxels that are retained, rounded down to whole voxels; default is that of Shifts.

    Raises
    ------
    ValueError
        The shapes differ, or there is no voxel.
    """
    if not truth.shape == prediction.shape == uncertainty.shape or not truth.size:
        raise ValueError(
            f"Shapes {truth.shape}, {prediction.shape}, {uncertainty.shape} must be one, not empty"
        )
    kept = np.floor(truth.size * fractions)
    false, missed = retained(uncertainty, kept, [~truth & prediction, truth & ~prediction])
    positives = int(truth.sum())
    return Retention(fractions, normalised_dice_of(positives, truth.size, false, missed))


def retained(uncertainty: NDArray[np.floating], kept: Array, flags: list[Mask]) -> list[Array]:
    """Count flags among the surest items; items of equal uncertainty share their flags evenly.

    Parameters
    ----------
    uncertainty
        Of each item.
    kept
        How many of the surest to keep, each a place on the curve.
    flags
        What to count, each of the items' shape.

    Returns
    -------
    list of ndarray
        For each flag, the mean count at each place.
    """
    values, group = np.unique(uncertainty, return_inverse=True)
    group = group.ravel()
    ends = np.append(0, np.cumsum(np.bincount(group, minlength=values.size)))
    counts = [
        np.append(0, np.cumsum(np.bincount(group[flag.ravel()], minlength=values.size))) for flag in flags
    ]
    return [np.interp(kept, ends, count) for count in counts]
