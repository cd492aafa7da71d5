"""How well a score tells two kinds of items apart when each person has many of them: lesions, voxels.

Items of one person are alike, so that an interval over items would be far too narrow: persons are drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.learning.discrimination import Estimate

_ENDS = (0.025, 0.975)


def clustered_auc(
    positive: NDArray[np.floating], negative: NDArray[np.floating], *, resamples: int, seed: int
) -> Estimate:
    """Give the area under the ROC curve of all items together, with its 95 % interval over persons.

    Parameters
    ----------
    positive, negative
        How many of each person's items of either kind have each level of the score, levels rising, shape
        ``(persons, levels)``.
    resamples, seed
        Number of bootstrap draws of persons, and what they start from.

    Returns
    -------
    Estimate
        The chance that a positive item of any person has more than a negative one of any, ties half. Draws
        that lack one kind do not count.

    Raises
    ------
    ValueError
        There is no item of one kind.
    """
    if not positive.sum() or not negative.sum():
        raise ValueError("An area under the curve needs items of both kinds")
    below = np.cumsum(negative, axis=1) - negative / 2
    wins = positive @ below.T
    pairs = np.outer(positive.sum(axis=1), negative.sum(axis=1)).astype(np.float64)
    count = len(positive)
    drawn = np.random.default_rng(seed).integers(0, count, (resamples, count))
    weights = np.array([np.bincount(draw, minlength=count) for draw in (np.arange(count), *drawn)])
    won, all_pairs = (np.einsum("di,ij,dj->d", weights, table, weights) for table in (wins, pairs))
    areas = np.divide(won, all_pairs, out=np.full(won.shape, np.nan), where=all_pairs > 0)
    low, high = np.nanquantile(areas[1:], _ENDS)
    return Estimate(float(areas[0]), float(low), float(high))
