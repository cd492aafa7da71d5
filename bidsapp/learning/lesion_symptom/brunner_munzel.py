"""The Brunner-Munzel statistic of many groupings of the same scores at once.

Brunner and Munzel 2000, doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U; for lesions
Rorden et al. 2007, doi:10.1162/jocn.2007.19.7.1081. :func:`scipy.stats.brunnermunzel` does one grouping.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bidsapp.learning.lesion_symptom.places import Array, Mask


class Placements(NamedTuple):
    """How many of the other group each patient stands above, ties half, and who is in which group.

    Attributes
    ----------
    above
        Shape (patients, places).
    lesioned
        Of the same shape and order of patients.
    """

    above: Array
    lesioned: Mask


def placements_of(score: Array, lesioned: Mask) -> Placements:
    """Compare each patient with the other group, at each place.

    Parameters
    ----------
    score
        Shape (patients,).
    lesioned
        Shape (patients, places).
    """
    order = np.argsort(score, kind="stable")
    _, first, tie = np.unique(score[order], return_index=True, return_inverse=True)
    group = lesioned[order]
    hurt = np.add.reduceat(group.astype(np.float64), first, axis=0)
    spared = np.add.reduceat((~group).astype(np.float64), first, axis=0)
    below_hurt = np.cumsum(hurt, axis=0) - hurt / 2
    below_spared = np.cumsum(spared, axis=0) - spared / 2
    above = np.where(group, below_spared[tie], below_hurt[tie])
    return Placements(above, group)


def statistics(placements: Placements) -> Array:
    """Give the statistic of each place, shape (places,); positive where lesioned patients score higher.

    Where the groups do not overlap at all the variance is zero and the statistic infinite; the standard
    deviation is then that of half a pair of patients, the smallest step of the chance to be higher.
    """
    above, lesioned = placements
    hurt, spared = lesioned.sum(axis=0), (~lesioned).sum(axis=0)
    means = [_mean(above, group, count) for group, count in ((lesioned, hurt), (~lesioned, spared))]
    squares = [
        (np.where(group, above - mean, 0) ** 2).sum(axis=0) / np.maximum(count - 1, 1)
        for group, mean, count in ((lesioned, means[0], hurt), (~lesioned, means[1], spared))
    ]
    # means of placements over the size of the other group: the chance to be higher, and its complement
    chance = means[0] / spared - means[1] / hurt
    variance = squares[0] / (hurt * spared**2.0) + squares[1] / (spared * hurt**2.0)
    least = (0.5 / (hurt * spared)) ** 2
    return np.asarray(chance / 2 / np.sqrt(np.maximum(variance, least)), dtype=np.float64)


def _mean(above: Array, group: Mask, count: NDArray[np.intp]) -> Array:
    return np.asarray(np.where(group, above, 0).sum(axis=0) / count, dtype=np.float64)
