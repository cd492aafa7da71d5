import numpy as np
import pytest
from scipy import stats

from bidsapp.oneclass.conformal import (
    conformal_p,
    family_wise_p,
    pooled_survival,
    probability_abnormal,
    two_sided_p,
)


def test_more_extreme_than_all_controls_gives_the_smallest_p():
    assert conformal_p(np.arange(19.0), 100.0) == pytest.approx(1 / 20)


def test_p_of_a_healthy_subject_is_uniform():
    draws = np.random.default_rng(0).normal(size=(4000, 40))
    p = [conformal_p(row[1:], row[0]) for row in draws]
    assert stats.kstest(p, stats.uniform.cdf).statistic < 0.05


@pytest.mark.parametrize("alpha", [0.1, 0.2])
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


@pytest.mark.parametrize("alpha", [0.1, 0.2])
def test_any_of_many_regions_keeps_the_family_wise_level(alpha):
    draws = np.random.default_rng(0).normal(size=(600, 40, 12))
    draws += draws[:, :, :1]  # the regions of a head go together
    p = np.array([family_wise_p(row[1:], row[0]).min() for row in draws])
    assert (p <= alpha).mean() == pytest.approx(alpha, abs=3 * np.sqrt(alpha / 600))


def test_of_many_regions_the_one_beyond_all_controls_is_told_and_the_others_are_not():
    controls = np.random.default_rng(0).normal(size=(59, 30))
    values = np.zeros(30)
    values[7] = 12.0
    p = family_wise_p(controls, values)
    assert p[7] == pytest.approx(1 / 60)
    assert np.delete(p, 7).min() > 0.9


def test_a_family_wise_p_is_never_below_the_regions_own():
    controls = np.random.default_rng(0).gamma(1, size=(49, 20))
    values = np.random.default_rng(1).gamma(2, size=20)
    own = [conformal_p(*pair) for pair in zip(controls.T, values, strict=True)]
    assert (family_wise_p(controls, values) >= np.array(own)).all()


def test_a_region_that_is_alike_in_all_people_is_never_extreme():
    assert family_wise_p(np.zeros((19, 1)), np.zeros(1)).tolist() == [1.0]


def test_to_either_side_counts_double_and_alike():
    controls = np.arange(99.0)
    assert two_sided_p(controls, 200.0) == two_sided_p(controls, -200.0) == pytest.approx(2 / 100)
    assert two_sided_p(controls, 49.0) == 1.0
