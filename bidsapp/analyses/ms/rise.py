"""How much brighter lesions are on FLAIR than in the earlier session, above the tissue around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.analyses.ms.instances import Labels, Mask, numbers_of

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

RING_MM = (2.0, 5.0)
"""The tissue around a lesion: at this distance from the next lesion."""
FAINT = 0.1
"""Least brightness above the surround (white matter = 1) that a rise is a share of."""
REACH = 2.0


def measure_brightness(labels: Labels, flair: Array, before: Array, brain: Mask) -> tuple[Floats, Floats]:
    """Measure how bright lesions are above the tissue around them.

    Parameters
    ----------
    labels
        Lesions 1, 2, ..., shape ``(x, y, z)``, 1 mm.
    flair, before
        FLAIR of this and of the earlier session, aligned, white matter = 1, same shape.
    brain
        Brain mask, same shape.

    Returns
    -------
    now, then
        Mean of each lesion less the median of its surround, shape ``(lesions,)``.
    """
    numbers = numbers_of(labels)
    if numbers.size == 0:
        return np.zeros(0), np.zeros(0)
    distance, nearest = ndimage.distance_transform_edt(labels == 0, return_indices=True)
    around = (distance > RING_MM[0]) & (distance <= RING_MM[1]) & brain
    owner = np.where(around, labels[tuple(nearest)], 0)

    def above(image: Array) -> Floats:
        level = np.nan_to_num(np.asarray(ndimage.median(image, owner, numbers), dtype=np.float64), nan=1.0)
        return np.asarray(ndimage.mean(image, labels, numbers), dtype=np.float64) - level

    return above(flair), above(before)


def rise_of(now: Floats, then: Floats) -> Floats:
    """Give the rise of lesions as a share of what they are now: 1 where nothing was, 0 where all was."""
    return np.clip((now - then) / np.maximum(np.abs(now), FAINT), -REACH, REACH)
