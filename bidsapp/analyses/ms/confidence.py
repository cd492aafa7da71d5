"""How sure the network is of each lesion it marks, and which of them are lesions: what a limit rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.analyses.ms.instances import find_instances, numbers_of
from bidsapp.learning.calibration.scaling import Scaling
from bidsapp.learning.uncertainty.abstaining import JudgedLesions
from bidsapp.learning.uncertainty.samples import binary_entropy

SHARE = 0.1
"""Of a marked lesion, the share of voxels that must be lesion for it to be one."""
FAINT = -6.0
Mask = NDArray[np.bool_]


def judge_lesions(
    probability: NDArray[np.float32], truth: Mask, threshold: float, voxel_mm3: float = 1.0
) -> JudgedLesions:
    """Compare marked lesions with the truth.

    Parameters
    ----------
    probability
        Of lesion, calibrated, shape ``(x, y, z)``.
    truth
        Mask of all lesions, same shape.
    threshold
        Probability from which a voxel is marked.
    voxel_mm3
        Volume of a voxel.

    Returns
    -------
    JudgedLesions
        The confidence is that of the report: one minus the mean entropy in bits.
    """
    labels = find_instances(probability >= threshold, voxel_mm3)
    true_labels = find_instances(truth, voxel_mm3)
    numbers, true_numbers = numbers_of(labels), numbers_of(true_labels)
    entropy = binary_entropy(probability) / np.float32(np.log(2))
    mean = np.atleast_1d(ndimage.mean(entropy, labels, numbers)) if numbers.size else np.zeros(0)
    share = np.atleast_1d(ndimage.mean(truth, labels, numbers)) if numbers.size else np.zeros(0)
    seen = np.isin(true_numbers, true_labels[labels > 0])
    return JudgedLesions(1 - mean, share >= SHARE, int((~seen).sum()))


@dataclass(frozen=True, eq=False)
class Candidates:
    """The voxels of one brain that are lesion or could be marked as such; small enough to keep for a cohort.

    Attributes
    ----------
    shape
        Of the brain's grid (1 mm).
    index
        Flat indices of the voxels, shape ``(n,)``.
    logit
        Of lesion, shape ``(n,)``; all other voxels are below -6 and never marked.
    truth
        Whether each is lesion.
    """

    shape: tuple[int, ...]
    index: NDArray[np.intp]
    logit: NDArray[np.float16]
    truth: Mask

    @classmethod
    def of(cls, logit: NDArray[np.float32], truth: Mask) -> Candidates:
        """Keep what matters of a brain."""
        index = np.flatnonzero((logit > FAINT) | truth)
        return cls(logit.shape, index, logit.ravel()[index].astype(np.float16), truth.ravel()[index])

    def judge(self, scaling: Scaling, threshold: float) -> JudgedLesions:
        """Compare the lesions that a scaling and a threshold mark with the truth."""
        logit, truth = np.full(self.shape, -np.inf, np.float32), np.zeros(self.shape, np.bool_)
        logit.ravel()[self.index] = self.logit
        truth.ravel()[self.index] = self.truth
        return judge_lesions(scaling.probability(logit).astype(np.float32), truth, threshold)


def pool_lesions(sessions: Sequence[JudgedLesions]) -> JudgedLesions:
    """Put the sessions of one patient together."""
    return JudgedLesions(
        np.concatenate([item.confidence for item in sessions]),
        np.concatenate([item.true for item in sessions]),
        sum(item.missed for item in sessions),
    )
