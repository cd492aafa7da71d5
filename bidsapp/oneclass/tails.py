"""Robust spread: where healthy people often lie far out, being far out means less.

Next to sulci, vessels and ventricles the controls' deviates have heavy tails, and a few such places would
set the family-wise threshold for the whole brain. The deviate is therefore divided by how much more of the
controls' mass lies beyond two deviations, in the neighbourhood of the voxel, than a Gaussian has there.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from bidsapp.oneclass.regression import Array

START = 2.0
_DENSITY = math.exp(-(START**2) / 2) / math.sqrt(2 * math.pi)
GAUSSIAN_EXCESS = 2 * (_DENSITY - START * math.erfc(START / math.sqrt(2)) / 2)


def excess(z: Array) -> Array:
    """Give how far each deviate lies beyond two, and 0 where it does not."""
    return np.maximum(np.abs(z) - np.float32(START), 0)


def tail_scale(mean_excess: Array, spread: Callable[[Array], Array], power: float) -> Array:
    """Give the factor, 1 or more, by which deviates are divided.

    Parameters
    ----------
    mean_excess
        Mean over the controls of :func:`excess`, shape ``(voxels,)``.
    spread
        Smooths a map over neighbouring voxels.
    power
        0 does nothing; 1 is the square root of the ratio to a Gaussian's mean excess; 2 the ratio itself.

    Notes
    -----
    The ratio is to both tails of a Gaussian. Deviates of which only those above 0 count have one tail, so
    half the excess: they are damped up to ``2 ** (power / 2)`` times less. Family-wise rates are unaffected,
    for controls and subject are divided alike.
    """
    ratio = np.maximum(spread(mean_excess) / np.float32(GAUSSIAN_EXCESS), 1)
    return np.asarray(ratio ** np.float32(power / 2), dtype=np.float32)
