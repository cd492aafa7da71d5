import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.oneclass.regression import fit_linear


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    design = np.column_stack([np.ones(12), rng.normal(size=12), rng.integers(0, 2, 12)])
    return rng.normal(size=(12, 40, 2)).astype(np.float32), design


def test_coefficients_are_those_of_numpy(data):
    features, design = data
    expected = np.linalg.lstsq(design, features[:, :, 1], rcond=None)[0]
    assert np.allclose(fit_linear(features, design).coefficients[:, :, 1], expected, atol=1e-5)


def test_residual_over_one_minus_leverage_is_the_error_of_an_explicit_refit(data):
    features, design = data
    fit = fit_linear(features, design)
    for subject in range(12):
        others = np.arange(12) != subject
        refit = fit_linear(features[others], design[others])
        expected = features[subject] - np.tensordot(design[subject], refit.coefficients, axes=1)
        deleted = fit.residuals[subject] / (1 - fit.leverage[subject])
        assert np.allclose(deleted, expected, atol=1e-4)


def test_leverages_sum_to_the_number_of_covariates(data):
    assert fit_linear(*data).leverage.sum() == pytest.approx(3)


def test_collinear_covariates_are_refused(data):
    features, design = data
    with pytest.raises(BadDataError, match="collinear"):
        fit_linear(features, np.column_stack([design, 2 * design[:, 1]]))


def test_a_covariate_that_one_control_alone_has_is_refused(data):
    features, _ = data
    with pytest.raises(BadDataError, match="One control alone"):
        fit_linear(features, np.column_stack([np.ones(12), np.eye(12)[0]]))


def test_too_few_controls_are_refused_with_the_number_needed(data):
    features, design = data
    with pytest.raises(BadDataError, match="at least 6 controls, not 4"):
        fit_linear(features[:4], design[:4])
