"""How sure the network is of each lesion it marks, and which of them are lesions: what a limit rests on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.analyses.ms.instances import find_instances, numbers_of
from bidsapp.learning.uncertainty.abstaining import JudgedLesions
from bidsapp.learning.uncertainty.samples import binary_entropy

SHARE = 0.1
"""Of a marked lesion, the share of voxels that must be lesion for it to be one."""
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
