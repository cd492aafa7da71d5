"""Whether a target is a score or an outcome, and how its patients are split for choices inside a fit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError

Target = NDArray[np.float64]
Places = NDArray[np.intp]
FOLDS = 5
_STRATA = 3


def is_outcome(target: Target) -> bool:
    """Tell whether a target is 0 or 1 in each patient.

    Raises
    ------
    BadDataError
        Fewer than two patients have it, or fewer than two do not: nothing can be learned or chosen.
    """
    if not np.isin(target, (0, 1)).all():
        return False
    fewest = int(min(target.sum(), (1 - target).sum()))
    if fewest < 2:
        raise BadDataError(
            f"{fewest} of {target.size} patients are of the rarer outcome; a model needs two of each."
        )
    return True


def inner_folds(target: Target, seed: int = 0) -> Iterator[tuple[Places, Places]]:
    """Yield (training, test) places of five folds, balanced by outcome or by thirds of the score.

    With fewer than five patients of the rarer outcome there are as many folds as such patients.
    """
    if is_outcome(target):
        folds = min(FOLDS, int(min(target.sum(), (1 - target).sum())))
        strata = target.astype(int)
    else:
        folds = min(FOLDS, target.size)
        strata = np.searchsorted(np.quantile(target, [1 / _STRATA, 2 / _STRATA]), target)
    order = np.lexsort((np.random.default_rng(seed).permutation(target.size), strata))
    for fold in range(folds):
        test = np.sort(order[fold::folds])
        yield np.setdiff1d(np.arange(target.size), test), test
