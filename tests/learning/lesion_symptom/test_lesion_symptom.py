"""Lesion-symptom mapping against scipy and scikit-learn, under the null, and with a planted effect."""

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression, Ridge

from bidsapp.learning.lesion_symptom.brunner_munzel import placements_of, statistics
from bidsapp.learning.lesion_symptom.mass_univariate import TESTS, map_symptom
from bidsapp.learning.lesion_symptom.multivariate import best_penalty, map_symptom_jointly
from bidsapp.learning.lesion_symptom.places import often_lesioned, without_covariates

PATIENTS, PLACES = 40, 12


def drawn(seed=0, patients=PATIENTS):
    rng = np.random.default_rng(seed)
    return (rng.random((patients, PLACES)) < 0.4).astype(float), rng.normal(size=patients), rng


def test_without_covariates_t_is_students_of_two_groups():
    lesions, score, _ = drawn()
    found = map_symptom(lesions, score, permutations=2, seed=0, fewest=2)
    each = [stats.ttest_ind(score[hurt > 0], score[hurt == 0]).statistic for hurt in lesions.T]
    np.testing.assert_allclose(found.statistic, each, rtol=1e-9)


def test_with_covariates_t_is_that_of_the_full_linear_model():
    lesions, score, rng = drawn()
    volume = lesions.sum(axis=1, keepdims=True) + rng.normal(size=(PATIENTS, 1))
    found = map_symptom(lesions, score, permutations=2, seed=0, covariates=volume, fewest=2)
    design = np.column_stack([np.ones(PATIENTS), volume, lesions[:, 0]])
    coefficients, (rest,), *_ = np.linalg.lstsq(design, score, rcond=None)
    error = np.sqrt(rest / (PATIENTS - 3) * np.linalg.inv(design.T @ design)[2, 2])
    assert found.statistic[0] == pytest.approx(coefficients[2] / error)


@pytest.mark.parametrize("ties", [False, True])
def test_ranked_statistic_is_that_of_scipy(ties):
    lesions, score, _ = drawn(3)
    score = np.round(score) if ties else score
    each = [stats.brunnermunzel(score[hurt == 0], score[hurt > 0]).statistic for hurt in lesions.T]
    np.testing.assert_allclose(statistics(placements_of(score, lesions > 0)), each, rtol=1e-9)


def test_groups_that_do_not_overlap_have_a_large_statistic_and_not_an_infinite_one():
    lesions = np.repeat([[0], [1]], 5, axis=0)
    (found,) = statistics(placements_of(np.arange(10.0), lesions > 0))
    assert found == pytest.approx(0.5 / (0.5 / 25))


@pytest.mark.parametrize("test", TESTS)
def test_under_the_null_the_family_wise_rate_is_nominal(test):
    draws, hits = 100, 0
    for seed in range(draws):
        lesions, score, _ = drawn(seed, 30)
        volume = np.log(1 + lesions.sum(axis=1, keepdims=True))
        score = np.exp(score) + 2 * volume[:, 0]  # skewed, and following the volume alone
        found = map_symptom(
            lesions, score, permutations=49, seed=seed, covariates=volume, test=test, fewest=5
        )
        hits += np.nanmin(found.p_fwe) <= 0.1
    low, high = stats.binom.ppf([0.001, 0.999], draws, 0.1)
    assert low <= hits <= high


def test_under_the_null_the_joint_map_is_nominal_too():
    draws, hits = 100, 0
    for seed in range(draws):
        lesions, score, _ = drawn(seed, 30)
        hits += (
            np.nanmin(map_symptom_jointly(lesions, score, permutations=49, seed=seed, fewest=5).p_fwe) <= 0.1
        )
    assert stats.binom.ppf(0.001, draws, 0.1) <= hits <= stats.binom.ppf(0.999, draws, 0.1) + 8


@pytest.mark.parametrize("maps", [map_symptom, map_symptom_jointly])
def test_a_planted_effect_is_found_with_its_sign_and_volume_does_not_hide_it(maps):
    lesions, score, _ = drawn(1, 120)
    volume = lesions.sum(axis=1, keepdims=True)
    score = score - 2 * lesions[:, 4] + 0.5 * volume[:, 0]
    found = maps(lesions, score, permutations=99, seed=0, covariates=volume)
    assert np.nanargmin(found.statistic) == 4
    assert found.p_fwe[4] == 0.01
    assert np.sum(found.p_fwe < 0.05) <= 2


def test_the_weights_of_the_joint_map_are_those_of_ridge():
    lesions, score, _ = drawn(2)
    columns = stats.zscore(lesions)
    left, singular, _ = np.linalg.svd(columns, full_matrices=False)
    penalty = best_penalty(left, singular, score - score.mean())
    found = map_symptom_jointly(lesions, score, permutations=2, seed=0, fewest=2, patterns=False)
    np.testing.assert_allclose(found.statistic, Ridge(penalty).fit(columns, score).coef_, rtol=1e-8)


def test_what_covariates_leave_is_what_least_squares_leaves():
    _, score, rng = drawn()
    covariates = rng.normal(size=(PATIENTS, 2))
    twice = np.column_stack([covariates, covariates[:, 0]])  # one column says what another says
    expected = score - LinearRegression().fit(covariates, score).predict(covariates)
    np.testing.assert_allclose(without_covariates(score, twice), expected, atol=1e-10)


def test_places_that_few_patients_have_a_lesion_in_are_not_tested():
    lesions = np.zeros((20, 3))
    lesions[:4, 0] = lesions[:10, 1] = lesions[:, 2] = 1
    assert often_lesioned(lesions, 5).tolist() == [False, True, False]
    found = map_symptom(lesions, np.arange(20.0), permutations=5, seed=0, fewest=5)
    assert np.isnan([found.statistic, found.p_fwe]).tolist() == [[True, False, True]] * 2
    with pytest.raises(ValueError, match="ask for fewer"):
        often_lesioned(lesions, 30)


def test_too_many_covariates_are_refused():
    lesions, score, rng = drawn(0, 12)
    with pytest.raises(ValueError, match="too few"):
        map_symptom(lesions, score, permutations=2, seed=0, covariates=rng.normal(size=(12, 10)), fewest=2)
