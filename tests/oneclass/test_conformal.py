import numpy as np
import pytest
from scipy import stats

from bidsapp.oneclass.conformal import (
    combined_p,
    conformal_p,
    false_discovery_q,
    pooled_survival,
    probability_abnormal,
)


def test_more_extreme_than_all_controls_gives_the_smallest_p():
    assert conformal_p(np.arange(19.0), 100.0) == pytest.approx(1 / 20)


def test_p_of_a_healthy_subject_is_uniform():
    draws = np.random.default_rng(0).normal(size=(4000, 40))
    p = [conformal_p(row[1:], row[0]) for row in draws]
    assert stats.kstest(p, stats.uniform.cdf).statistic < 0.05


@pytest.mark.parametrize("alpha", [0.1, 0.2])
def test_the_best_of_two_statistics_keeps_the_family_wise_level(alpha):
    draws = np.random.default_rng(0).gamma(2, size=(600, 40, 2))
    draws[:, :, 1] = 0.5 * draws[:, :, 0] + draws[:, :, 1]
    p = np.array([combined_p(row[1:], row[0]) for row in draws])
    assert (p <= alpha).mean() <= alpha + 3 * np.sqrt(alpha / 600)
    assert (p <= alpha).mean() > alpha / 2


def test_either_statistic_alone_can_be_enough():
    controls = np.random.default_rng(0).random((50, 2))
    assert combined_p(controls, np.array([9.0, 0.0])) < 0.05
    assert combined_p(controls, np.array([0.0, 9.0])) < 0.05
    assert combined_p(controls, np.array([0.0, 0.0])) == 1.0


def test_three_statistics_keep_the_level_too():
    draws = np.random.default_rng(3).gamma(2, size=(600, 40, 3))
    p = np.array([combined_p(row[1:], row[0]) for row in draws])
    assert 0.05 < (p <= 0.1).mean() <= 0.1 + 3 * np.sqrt(0.1 / 600)


def test_discoveries_are_those_of_benjamini_and_hochberg():
    p = np.array([[0.03, 0.001], [0.02, 0.5]])
    expected = np.array([[0.04, 0.004], [0.04, 0.5]])
    assert false_discovery_q(p) == pytest.approx(expected)


def test_healthy_subjects_beside_others_are_a_tenth_of_the_discoveries_or_less():
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        values = np.concatenate([rng.normal(size=90), rng.normal(5, 1, size=10)])
        controls = rng.normal(size=200)
        q = false_discovery_q(np.array([conformal_p(controls, value) for value in values]))
        shares.append((q[:90] <= 0.1).sum() / max((q <= 0.1).sum(), 1))
    assert np.mean(shares) <= 0.11


def histogram(z, width=0.02, bins=600):
    return np.bincount(np.minimum((np.abs(z) / width).astype(int), bins - 1), minlength=bins)


def test_a_healthy_subject_has_next_to_no_probable_voxel():
    rng = np.random.default_rng(0)
    survival = pooled_survival(histogram(rng.normal(size=10**6)))
    share = probability_abnormal(np.abs(rng.normal(size=10**5)).astype(np.float32), survival, 0.02)
    assert (share > 0.5).mean() < 1e-3
    assert share.min() >= 0
    assert share.max() <= 1


def test_of_the_voxels_at_probability_p_a_share_of_one_minus_p_is_healthy():
    rng = np.random.default_rng(0)
    survival = pooled_survival(histogram(rng.normal(size=10**6)))
    z = np.concatenate([rng.normal(size=95_000), rng.normal(4.5, 1, size=5_000)])
    share = probability_abnormal(np.abs(z).astype(np.float32), survival, 0.02)
    called = share >= 0.9
    assert called[:95_000].sum() / called.sum() == pytest.approx(0.1, abs=0.03)
    assert called[95_000:].mean() > 0.9
