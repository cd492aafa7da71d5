"""Mass-univariate lesion-symptom mapping (Bates et al. 2003, doi:10.1038/nn1050), one test for each place.

Larger lesions hurt more places and more functions, so that without the volume as a covariate every place
looks guilty (DeMarco and Turkeltaub 2018, doi:10.1002/hbm.24289).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bidsapp.learning.lesion_symptom.brunner_munzel import placements_of, statistics
from bidsapp.learning.lesion_symptom.places import (
    Array,
    LesionSymptomMap,
    family_wise_p,
    often_lesioned,
    over_all,
    without_covariates,
)

Test = Literal["t", "brunner-munzel"]
TESTS: tuple[Test, ...] = get_args(Test)
FEWEST = 10
_BLOCK = 100  # permutations at a time, so that memory stays small with many voxels


def map_symptom(
    lesions: Array,
    score: Array,
    *,
    permutations: int,
    seed: int,
    covariates: Array | None = None,
    test: Test = "t",
    fewest: int = FEWEST,
) -> LesionSymptomMap:
    """Test every place that enough patients have a lesion in.

    Parameters
    ----------
    lesions
        Shape (patients, places), voxels or regions: 0 or 1, or the lesioned share of a region.
    score
        Shape (patients,).
    permutations, seed
        Number of random orders, and what they start from.
    covariates
        Shape (patients, covariates): log volume of the lesion, age, ...
    test
        ``t``: of the lesion's coefficient in a linear model with the covariates; what these leave of the
        score is permuted (Freedman and Lane 1983; Winkler et al. 2014, doi:10.1016/j.neuroimage.2014.01.060).
        Without covariates it is Student's of two groups.
        ``brunner-munzel``: of ranks, for scores of any distribution; what the covariates leave of the score
        is compared, lesioned against spared. Any share counts as a lesion, and some must be spared.
    fewest
        Lesioned patients that a place needs.

    Raises
    ------
    ValueError
        No place has enough patients, or there are fewer patients than the model needs.
    """
    tested = often_lesioned(lesions if test == "t" else (lesions > 0).astype(np.float64), fewest)
    chosen = np.asarray(lesions[:, tested], dtype=np.float64)
    residual = without_covariates(np.asarray(score, dtype=np.float64), covariates)
    statistic = _partial_t(chosen, residual, covariates) if test == "t" else _ranked(chosen)
    observed = statistic(residual[None])[0]
    orders = _orders(len(score), permutations, seed)
    largest = [np.abs(statistic(residual[order])).max(axis=1) for order in orders]
    p = family_wise_p(observed, np.concatenate(largest))
    return LesionSymptomMap(tested, over_all(tested, observed), over_all(tested, p))


Statistic = Callable[[Array], Array]
"""From scores in many orders, shape (orders, patients), to statistics, shape (orders, places)."""


def _partial_t(lesions: Array, residual: Array, covariates: Array | None) -> Statistic:
    """Make the t of a linear model: all of it follows from what covariates leave of lesion and score."""
    apart = without_covariates(lesions, covariates)
    size = np.sqrt((apart**2).sum(axis=0))
    told = size > 1e-9 * np.sqrt((lesions**2).sum(axis=0))  # not told by the covariates alone
    unit = np.divide(apart, size, out=np.zeros_like(apart), where=told)
    free = residual.size - 2 - (0 if covariates is None else covariates.shape[1])
    if free < 1:
        raise ValueError(f"{residual.size} patients are too few for so many covariates; leave some out.")

    def statistic(scores: Array) -> Array:
        left = without_covariates(scores.T, covariates)
        r = (left / np.sqrt((left**2).sum(axis=0))).T @ unit
        return np.asarray(r * np.sqrt(free / np.maximum(1 - r**2, 1e-12)), dtype=np.float64)

    return statistic


def _ranked(lesions: Array) -> Statistic:
    """Make the Brunner-Munzel statistic."""
    lesioned = lesions > 0
    return lambda scores: np.stack([statistics(placements_of(row, lesioned)) for row in scores])


def _orders(patients: int, permutations: int, seed: int) -> Iterator[NDArray[np.int_]]:
    rng = np.random.default_rng(seed)
    for start in range(0, permutations, _BLOCK):
        rows = np.tile(np.arange(patients), (min(_BLOCK, permutations - start), 1))
        yield rng.permuted(rows, axis=1)
