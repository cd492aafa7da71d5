"""Whether a target is a score or an outcome, and how its patients are split for choices inside a fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    _rarer(target)
    return True


def inner_folds(target: Target, subjects: Sequence[str], seed: int = 0) -> Iterator[tuple[Places, Places]]:
    """Yield (training, test) places of five folds of subjects, balanced by outcome or thirds of the score.

    With fewer than five subjects of the rarer outcome there are as many folds as such subjects.

    Parameters
    ----------
    target
        Label of each row, shape (rows,). A subject's is the mean of its rows', an outcome where it ever was.
    subjects
        Of each row; all rows of a subject lie in one fold.
    seed
        Of the order within strata.

    Raises
    ------
    BadDataError
        Fewer than two subjects are of an outcome.
    """
    number = numbered(subjects)
    own = np.bincount(number, weights=target) / np.bincount(number)
    if is_outcome(target):
        strata = (own > 0).astype(int)
        folds = min(FOLDS, _rarer(strata))
    else:
        folds = min(FOLDS, own.size)
        strata = np.searchsorted(np.quantile(own, [1 / _STRATA, 2 / _STRATA]), own)
    order = np.lexsort((np.random.default_rng(seed).permutation(own.size), strata))
    for fold in range(folds):
        left_out = np.isin(number, order[fold::folds])
        yield np.flatnonzero(~left_out), np.flatnonzero(left_out)


def numbered(subjects: Sequence[str]) -> Places:
    """Give each row the number of its subject, in the order of their first rows.

    >>> numbered(["b", "a", "b"])
    array([0, 1, 0])
    """
    known = {name: number for number, name in enumerate(dict.fromkeys(subjects))}
    return np.array([known[name] for name in subjects], dtype=np.intp)


def _rarer(labels: NDArray[np.generic]) -> int:
    """Count who is of the rarer outcome; one alone is too few."""
    ones = int(labels.sum())
    fewest = min(ones, labels.size - ones)
    if fewest < 2:
        raise BadDataError(
            f"{fewest} of {labels.size} patients are of the rarer outcome; a model needs two of each."
        )
    return fewest
