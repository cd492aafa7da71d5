import numpy as np
import pytest
from scipy import stats

from bidsapp.learning.group_tests import compare_groups, max_statistic_p, rank_sum_p, share_p


def people(patients: int, controls: int) -> np.ndarray:
    return np.arange(patients + controls) < patients


def test_rank_sum_agrees_with_the_definition_on_all_arrangements():
    # 3 against 3 without overlap: 1 of 20 arrangements on either side.
    assert rank_sum_p(np.array([4.0, 5.0, 6.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / 20)


def test_rank_sum_leaves_gaps_out_and_is_one_without_variation():
    assert rank_sum_p(np.array([4.0, 5.0, np.nan, 6.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(0.1)
    assert rank_sum_p(np.zeros(6), np.zeros(7)) == 1


def test_one_regions_ties_do_not_change_anothers_p():
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(size=12), rng.integers(0, 2, 12)])
    p = compare_groups(values, people(6, 6), permutations=10, seed=0).p
    assert p[0] == stats.mannwhitneyu(values[:6, 0], values[6:, 0], method="exact").pvalue
    assert p[1] == stats.mannwhitneyu(values[:6, 1], values[6:, 1], method="asymptotic").pvalue


def test_false_discovery_rate_of_known_p():
    rng = np.random.default_rng(1)
    found = compare_groups(rng.normal(size=(20, 15)), people(9, 11), permutations=10, seed=0)
    order = np.argsort(found.p)
    scaled = found.p[order] * 15 / np.arange(1, 16)
    expected = np.minimum.accumulate(scaled[::-1])[::-1]
    assert found.p_fdr[order] == pytest.approx(np.minimum(expected, 1))


def test_permutation_of_one_region_agrees_with_the_exact_test():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(12, 1))
    values[:6] += 1
    p = max_statistic_p(values, people(6, 6), permutations=20_000, seed=0)[0]
    exact = stats.mannwhitneyu(values[:6, 0], values[6:, 0], method="exact").pvalue
    assert p == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))


def test_family_wise_rate_holds_when_nothing_differs():
    rng = np.random.default_rng(3)
    smallest = []
    for seed in range(300):
        # correlated regions, most of them mostly zero: as shares of abnormal voxels are
        values = np.maximum(rng.normal(size=(18, 12)) + rng.normal(size=(18, 1)) - 0.5, 0)
        smallest.append(max_statistic_p(values, people(8, 10), permutations=99, seed=seed).min())
    assert stats.kstest(smallest, "uniform").statistic < 0.1
    assert np.mean(np.array(smallest) <= 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_a_planted_difference_is_found_in_its_region_alone():
    values = np.random.default_rng(4).normal(size=(24, 40))
    values[:12, 7] += 3
    found = compare_groups(values, people(12, 12), permutations=999, seed=0)
    assert np.flatnonzero(found.p_fwe < 0.05).tolist() == [7]
    assert np.flatnonzero(found.p_fdr < 0.05).tolist() == [7]
    assert (found.p_fwe >= found.p - 0.05).all()


def test_correction_survives_gaps_and_regions_without_variation():
    values = np.random.default_rng(5).normal(size=(20, 3))
    values[:10, 0] += 3
    values[[2, 15], 0] = np.nan
    values[:, 1] = 0
    p = max_statistic_p(values, people(10, 10), permutations=999, seed=0)
    assert p[0] < 0.01
    assert p[1] == 1


def test_same_seed_same_p_whatever_the_block():
    values = np.random.default_rng(6).normal(size=(16, 5))
    first, second = (max_statistic_p(values, people(8, 8), permutations=700, seed=1) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, max_statistic_p(values, people(8, 8), permutations=700, seed=2))


def test_fisher_knows_the_lady_tasting_tea():
    assert share_p((3, 1), (1, 3)) == pytest.approx(34 / 70)


def test_no_region_is_no_error():
    assert compare_groups(np.empty((10, 0)), people(5, 5), permutations=10, seed=0).p_fwe.size == 0
