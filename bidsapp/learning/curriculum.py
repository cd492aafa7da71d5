"""Which patients count at which epoch: the sure and the easy first, the rest later.

Pure functions of the epoch and of arrays with one value a patient. Weights only matter by their ratios.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Kind = Literal["none", "easiest", "self-paced"]


def share_at(epoch: int, epochs: int, *, first: float = 0.5, full_at: float = 0.6) -> float:
    """Give the share of patients that count: grows along a line and stays at 1.

    Parameters
    ----------
    epoch, epochs
        The epoch from 0, and how many there are.
    first
        Share in the first epoch.
    full_at
        Part of the training, 0 to 1, after which all count.

    >>> [share_at(epoch, 5, first=0.5, full_at=0.5) for epoch in range(5)]
    [0.5, 0.75, 1.0, 1.0, 1.0]
    """
    last = full_at * (epochs - 1)
    return 1.0 if epoch >= last else first + (1 - first) * epoch / last


def easiest_first(difficulty: Array, share: float) -> Array:
    """Give weight 1 to the easiest share of patients, 0 to the others (Bengio et al. 2009, ICML).

    Difficulty is any number that rises: the standard error of the label (certain labels first), motion or
    noise of the images, the error of a simple model. Patients as difficult as the last one count too, so
    that equal difficulty leaves no one out.

    Parameters
    ----------
    difficulty
        Shape ``(n,)``, finite.
    share
        Above 0, to 1.

    >>> easiest_first(np.array([3.0, 1.0, 2.0, 4.0]), 0.5)
    array([0., 1., 1., 0.])
    """
    count = max(1, int(np.ceil(share * difficulty.size - 1e-9)))
    return np.asarray(difficulty <= np.sort(difficulty)[count - 1], dtype=np.float64)


def self_paced(error: Array, share: float) -> Array:
    """Weigh patients by how small their present error is, with a threshold that grows with the share.

    The threshold is the share's quantile of the errors (Kumar et al. 2010, NeurIPS); weights fall along a
    line from 1 to 0 at it (Jiang et al. 2014, doi:10.1145/2647868.2654918). With share 1 all weigh 1. Where
    the smallest error is the threshold already (many patients of one score), those who have it weigh 1, so
    that somebody always counts.

    Parameters
    ----------
    error
        Present loss or absolute error of each patient, shape ``(n,)``.
    share
        Above 0, to 1.

    >>> self_paced(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), 0.5)
    array([1. , 0.5, 0. , 0. , 0. ])
    """
    if share >= 1:
        return np.ones(error.shape)
    threshold = float(np.quantile(error, share))
    if threshold <= error.min():
        return (error <= threshold).astype(np.float64)
    return np.clip(1 - error / threshold, 0, None)


@dataclass(frozen=True, kw_only=True)
class Curriculum:
    """A curriculum that a recipe can name.

    Attributes
    ----------
    kind
        ``none``, ``easiest`` (needs a difficulty of each patient) or ``self-paced`` (by the present error).
    first, full_at
        As in :func:`share_at`.
    """

    kind: Kind = "none"
    first: float = 0.5
    full_at: float = 0.6

    def weights(self, epoch: int, epochs: int, *, difficulty: Array, error: Array) -> Array:
        """Give the weight of each patient in an epoch, shape ``(n,)``.

        Parameters
        ----------
        epoch, epochs
            The epoch from 0, and how many there are.
        difficulty, error
            Known beforehand, and at present, shape ``(n,)``.
        """
        share = share_at(epoch, epochs, first=self.first, full_at=self.full_at)
        if self.kind == "easiest":
            return easiest_first(difficulty, share)
        if self.kind == "self-paced":
            return self_paced(error, share)
        return np.ones(error.shape)
