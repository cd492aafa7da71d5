import numpy as np
import pytest
from scipy import stats

from bidsapp.errors import BadDataError
from bidsapp.oneclass.probability import fit_calibration, l_moments
from bidsapp.oneclass.svm import fit_svm


def quantiles(distribution, count=4000):
    return distribution.ppf((np.arange(count) + 0.5) / count)


def test_moments_of_a_uniform_are_known():
    mean, scale, skew = l_moments(quantiles(stats.uniform)[:, None])
    assert [mean[0], scale[0], skew[0]] == pytest.approx([1 / 2, 1 / 6, 0], abs=1e-3)


@pytest.mark.parametrize("k", [-0.3, 0.0, 0.3])
def test_extreme_values_find_their_own_distribution(k):
    distribution = stats.genextreme(k, loc=-2.0, scale=0.5)
    values = quantiles(distribution)
    fitted = fit_calibration(-values[:, None])
    assert fitted.shape[0] == pytest.approx(k, abs=0.02)
    for value in (-2.5, -1.9, -1.0):
        assert fitted.probability(np.array([-value]))[0] == pytest.approx(distribution.cdf(value), abs=5e-3)


def test_a_sigmoid_is_one_over_one_plus_exp():
    values = quantiles(stats.logistic(loc=1.0, scale=0.2))
    fitted = fit_calibration(-values[:, None], "sigmoid")
    for value in (0.5, 1.0, 1.4):
        expected = 1 / (1 + np.exp(-(value - 1.0) / 0.2))
        assert fitted.probability(np.array([-value]))[0] == pytest.approx(expected, abs=1e-3)


def test_probabilities_of_new_healthy_people_are_uniform_nearer_with_extreme_values():
    features = np.random.default_rng(5).normal(size=(60, 400, 4)).astype(np.float32)
    fit = fit_svm(features[:40])
    distance = {}
    for form in ("sigmoid", "extreme value"):
        calibration = fit_calibration(fit.left_out, form)
        share = np.concatenate([calibration.probability(fit.model.decide(new)) for new in features[40:]])
        distance[form] = stats.kstest(share, stats.uniform.cdf).statistic
    assert distance["extreme value"] < 0.05 < distance["sigmoid"]
    assert (share > 0.95).mean() == pytest.approx(0.05, abs=0.01)


def test_a_bounded_curve_tells_apart_what_lies_beyond_its_bound():
    distribution = stats.genextreme(0.3, loc=-2.0, scale=0.5)  # bounded by -1/3
    fitted = fit_calibration(-quantiles(distribution)[:, None])
    beyond = [fitted.survival(np.array([-value]))[0] for value in (-0.4, -0.3, 0.0, 1.0)]
    assert all(np.diff(beyond) < 0)
    knee, step = distribution.ppf(0.95), 1e-6
    before, after = (fitted.survival(np.array([-knee - shift]))[0] for shift in (-step, step))
    assert before == pytest.approx(after, rel=1e-4)


def test_far_out_values_are_as_rare_in_new_healthy_people_as_a_bounded_curve_says():
    features = np.random.default_rng(7).normal(size=(100, 300, 16)).astype(np.float32)
    fit = fit_svm(features[:40])
    calibration = fit_calibration(fit.left_out)
    assert (calibration.shape > 0).mean() > 0.9
    p = np.concatenate([calibration.survival(fit.model.decide(new)) for new in features[40:]])
    assert (p < 0.002).mean() == pytest.approx(0.002, abs=0.001)
    assert np.unique(p).size == p.size


@pytest.mark.parametrize("form", ["sigmoid", "extreme value"])
def test_far_outside_is_one_and_deep_inside_is_nothing(form):
    fitted = fit_calibration(np.random.default_rng(0).normal(size=(40, 3)), form)
    assert fitted.probability(np.full(3, -1e6)) == pytest.approx(1)
    assert fitted.probability(np.full(3, 1e6)) == pytest.approx(0)


def test_too_few_controls_and_constant_scores_are_refused():
    with pytest.raises(BadDataError, match="at least 10 controls"):
        fit_calibration(np.zeros((9, 2)))
    with pytest.raises(BadDataError, match="same score"):
        fit_calibration(np.zeros((12, 2)))
