"""Tests of patients against controls over many regions, with p-values corrected for all that was looked at.

Everything rests on ranks: shares of abnormal voxels are skewed, and in many regions most people have none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

_BLOCK = 500  # permutations at a time, so that memory stays small in large cohorts
_ROUNDING = 1e-9


@dataclass(frozen=True)
class GroupTests:
    """Two-sided p of each region, shape ``(regions,)``.

    Attributes
    ----------
    p
        Of the Mann-Whitney U test, not corrected.
    p_fdr
        Corrected for the false discovery rate (Benjamini and Hochberg 1995, J R Stat Soc B 57:289).
    p_fwe
        Corrected family-wise, by the largest statistic of each permutation.
    """

    p: Array
    p_fdr: Array
    p_fwe: Array


def compare_groups(values: Array, patient: Flags, *, permutations: int, seed: int) -> GroupTests:
    """Test every region and correct for the number of them.

    Parameters
    ----------
    values
        Shape ``(people, regions)``; NaN where a person has no value.
    patient
        Who is a patient, shape ``(people,)``; the others are controls.
    permutations, seed
        Number of random exchanges of the labels, and what they start from.
    """
    from scipy.stats import false_discovery_control

    if not values.shape[1]:
        return GroupTests(np.empty(0), np.empty(0), np.empty(0))
    p = np.array([rank_sum_p(column[patient], column[~patient]) for column in values.T])
    return GroupTests(
        p=p,
        p_fdr=np.asarray(false_discovery_control(p), dtype=np.float64),
        p_fwe=max_statistic_p(values, patient, permutations=permutations, seed=seed),
    )


def rank_sum_p(patients: Array, controls: Array) -> float:
    """Give the two-sided p of the Mann-Whitney U test; NaN are left out.

    Exact for small samples without ties, else normal with correction for ties and continuity. Where all
    values are equal, p is 1.

    >>> round(rank_sum_p(np.array([4.0, 5.0, 6.0]), np.array([1.0, 2.0, 3.0])), 3)
    0.1
    """
    from scipy.stats import mannwhitneyu

    first, second = patients[~np.isnan(patients)], controls[~np.isnan(controls)]
    if np.unique(np.concatenate([first, second])).size == 1:
        return 1.0
    return float(mannwhitneyu(first, second).pvalue)


def share_p(patients: tuple[int, int], controls: tuple[int, int]) -> float:
    """Give the two-sided p of Fisher's exact test on (with, without) counts of the two groups."""
    from scipy.stats import fisher_exact

    return float(fisher_exact([patients, controls]).pvalue)


def max_statistic_p(values: Array, patient: Flags, *, permutations: int, seed: int) -> Array:
    """Give family-wise p-values by the maximum over regions (Nichols and Holmes 2002, doi:10.1002/hbm.1058).

    The statistic of a region is the size of the patients' centred rank sum, over its standard deviation under
    exchange of the labels. So regions with ties weigh as much as those without, and one that a person lacks
    counts that person as neither high nor low. The observed labels are one of the permutations.

    Parameters and returned shape are those of :func:`compare_groups`.
    """
    ranks = _centred_ranks(values)
    people, patients = patient.size, int(patient.sum())
    variance = patients * (people - patients) / (people * (people - 1)) * (ranks**2).sum(axis=0)
    weights = np.divide(ranks, np.sqrt(variance), out=np.zeros_like(ranks), where=variance > 0)
    observed = np.abs(patient.astype(np.float64) @ weights)
    rng = np.random.default_rng(seed)
    largest = []
    for start in range(0, permutations, _BLOCK):
        labels = np.tile(patient, (min(_BLOCK, permutations - start), 1))
        shuffled = rng.permuted(labels, axis=1).astype(np.float64)
        largest.append(np.abs(shuffled @ weights).max(axis=1))
    ordered = np.sort(np.concatenate(largest))
    beyond = ordered.size - np.searchsorted(ordered, observed - _ROUNDING, side="left")
    return np.asarray((1 + beyond) / (1 + permutations), dtype=np.float64)


def _centred_ranks(values: Array) -> Array:
    from scipy.stats import rankdata

    ranks = np.asarray(rankdata(values, axis=0, nan_policy="omit"), dtype=np.float64)
    return np.asarray(np.nan_to_num(ranks - np.nanmean(ranks, axis=0), nan=0.0), dtype=np.float64)
