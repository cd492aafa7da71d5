import numpy as np
import pytest
from scipy import stats

from bidsapp.errors import BadDataError
from bidsapp.oneclass.gaussian import fit_gaussian, signed_deviate


def cohort(subjects=30, voxels=200, channels=2, seed=0):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(subjects), rng.normal(size=subjects)])
    mixing = rng.normal(size=(channels, channels)) + 2 * np.eye(channels)
    noise = rng.normal(size=(subjects, voxels, channels)) @ mixing
    return (noise + design[:, 1, None, None]).astype(np.float32), design


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_leaving_out_in_closed_form_is_a_refit_with_the_same_prior(channels):
    features, design = cohort(channels=channels)
    fit = fit_gaussian(features, design, prior_weight=5.0)
    pooled = np.einsum("nvk,nvl->kl", fit.linear.residuals, fit.linear.residuals) / (200 * 28)
    for subject in (0, 7, 29):
        others = np.arange(30) != subject
        x, y = design[others], features[others].astype(np.float64)
        coefficients = np.linalg.lstsq(x, y.reshape(29, -1), rcond=None)[0]
        residuals = (y.reshape(29, -1) - x @ coefficients).reshape(y.shape)
        scatter = np.einsum("nvk,nvl->vkl", residuals, residuals) + 5.0 * pooled
        error = features[subject] - (design[subject] @ coefficients).reshape(200, channels)
        inflation = 1 + design[subject] @ np.linalg.inv(x.T @ x) @ design[subject]
        freedom = 29 - 2 + 5.0
        distance = freedom * np.einsum("vk,vkl,vl->v", error, np.linalg.inv(scatter), error) / inflation
        expected = signed_deviate(distance, error[:, 0], channels, freedom)
        assert np.allclose(fit.left_out_z(subject), expected, atol=2e-3)


def test_one_channel_without_prior_is_the_studentised_deleted_residual():
    features, design = cohort(channels=1)
    fit = fit_gaussian(features, design, prior_weight=0.0)
    residual, leverage = fit.linear.residuals[3, :, 0], fit.linear.leverage[3]
    squares = (fit.linear.residuals[:, :, 0] ** 2).sum(axis=0)
    deleted = (squares - residual**2 / (1 - leverage)) / (28 - 1)
    t = residual / np.sqrt(deleted * (1 - leverage))
    expected = stats.norm.isf(stats.t.sf(np.abs(t), 27)) * np.sign(t)
    assert np.allclose(fit.left_out_z(3), expected, atol=2e-3)


@pytest.mark.parametrize("channels", [1, 3])
def test_deviates_of_new_healthy_subjects_are_standard_normal(channels):
    features, design = cohort(subjects=90, voxels=4000, channels=channels)
    model = fit_gaussian(features[:60], design[:60], prior_weight=1e-3).model
    z = np.concatenate([model.z(features[i], design[i]) for i in range(60, 90)])
    assert stats.kstest(np.abs(z), stats.halfnorm.cdf).statistic < 0.01


def test_shrinkage_keeps_a_constant_voxel_from_being_infinitely_sure():
    features, design = cohort(channels=1)
    features[:, 0] = 1.0
    model = fit_gaussian(features, design, prior_weight=10.0).model
    z = model.z(features[0] + np.float32(0.5), design[0])
    assert np.isfinite(z).all()
    assert abs(z[0]) < 5


def test_sign_is_that_of_the_first_channel():
    features, design = cohort(channels=2)
    model = fit_gaussian(features, design, prior_weight=1.0).model
    lower = features.mean(axis=0) - np.array([50, 0], dtype=np.float32)
    assert (model.z(lower, np.array([1.0, design[:, 1].mean()])) < 0).all()


def test_deviates_grow_beyond_the_range_of_doubles_tails():
    z = signed_deviate(np.array([10.0, 900.0, 3000.0], dtype=np.float32) ** 1, np.ones(3), 1, 1e5)
    assert np.all(np.diff(z) > 0)
    assert np.isfinite(z).all()


def test_more_channels_than_controls_and_prior_can_carry_are_refused():
    features, design = cohort(subjects=8, channels=6)  # six degrees of freedom; one less for who is left out
    with pytest.raises(BadDataError, match="6 channels and 2 coefficients are too many for 8 controls"):
        fit_gaussian(features, design, prior_weight=0.0)
    fit = fit_gaussian(features, design, prior_weight=0.5)
    assert np.isfinite(fit.left_out_z(0)).all()
    assert np.isfinite(fit.model.z(features[0], design[0])).all()
