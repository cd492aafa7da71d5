"""Whether a cross-validated result could be chance: everything is fitted again to shuffled labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.learning.validation.estimator import Array, Case, Make
from bidsapp.learning.validation.measures import Measure
from bidsapp.learning.validation.out_of_fold import out_of_fold
from bidsapp.learning.validation.splits import codes_of

_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class PermutationTest:
    """A statistic, its values for shuffled labels, shape ``(permutations,)``, and the one-sided p."""

    observed: float
    null: Array
    p: float


def permutation_test(
    statistic: Callable[[Array], float],
    target: Array,
    groups: Sequence[str],
    *,
    permutations: int,
    seed: int = 0,
) -> PermutationTest:
    """Test whether labels belong to their patients.

    Parameters
    ----------
    statistic
        From labels to a number that is higher for better models; runs the whole cross-validation.
    target, groups
        Label and patient of each row. Patients exchange labels with those who have as many rows.
    permutations, seed
        Number of shuffles, and what they start from.

    Returns
    -------
    PermutationTest
        Its p is (b + 1) / (permutations + 1) with b shuffles as good as the truth (Phipson and Smyth 2010,
        doi:10.2202/1544-6115.1585): never 0.
    """
    rng = np.random.default_rng(seed)
    observed = statistic(target)
    null = np.array([statistic(exchange_labels(target, groups, rng)) for _ in range(permutations)])
    as_good = int((null >= observed - _ROUNDING).sum())
    return PermutationTest(observed, null, (as_good + 1) / (permutations + 1))


def cross_validated(
    make: Make[Case],
    patients: Sequence[Case],
    groups: Sequence[str],
    measure: Measure,
    *,
    folds: int,
    repeats: int = 1,
    seed: int = 0,
    higher_is_better: bool = True,
) -> Callable[[Array], float]:
    """Give the statistic of :func:`permutation_test`: a measure of left-out predictions, mean over repeats.

    Folds are drawn anew for each labelling, from the same seed: they are stratified by the labels.
    """

    def statistic(target: Array) -> float:
        found = out_of_fold(make, patients, target, groups, folds=folds, repeats=repeats, seed=seed)
        value = float(measure(target, found.predictions).mean())
        return value if higher_is_better else -value

    return statistic


def exchange_labels(target: Array, groups: Sequence[str], rng: np.random.Generator) -> Array:
    """Shuffle labels between patients with the same number of rows; rows of a patient keep their order."""
    codes = codes_of(groups)
    sizes = np.bincount(codes)
    rows = [np.flatnonzero(codes == code) for code in range(sizes.size)]
    shuffled = target.copy()
    for size in np.unique(sizes):
        alike = np.flatnonzero(sizes == size)
        for receiver, giver in zip(alike, rng.permutation(alike), strict=True):
            shuffled[rows[receiver]] = target[rows[giver]]
    return shuffled
