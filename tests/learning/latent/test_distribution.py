import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from bidsapp.errors import BadDataError
from bidsapp.learning.latent.distribution import (
    effective_dimension,
    fitted_divergence,
    posterior_divergence,
    silhouette,
)

# Mean 0; covariance a diagonal of 3 and 1 (sums of squares 9 and 3 over 4 - 1).
CROSS = np.array([[3, 0], [-3, 0], [0, 3**0.5], [0, -(3**0.5)]]) * np.array([0.5**0.5, 0.5**0.5])


def test_silhouette_by_hand():
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    assert silhouette(points, np.array(list("aabb"))) == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)
    assert silhouette(points, np.array(list("abab"))) < 0


def test_silhouette_needs_groups():
    with pytest.raises(BadDataError, match="two or more groups"):
        silhouette(CROSS, np.array(list("aaaa")))
    with pytest.raises(BadDataError, match="fewer groups than vectors"):
        silhouette(CROSS, np.array(list("abcd")))


def test_effective_dimension_is_the_participation_ratio():
    assert effective_dimension(CROSS) == pytest.approx((3 + 1) ** 2 / (9 + 1))
    assert effective_dimension(np.vstack([np.eye(5), -np.eye(5)])) == pytest.approx(5)
    assert effective_dimension(np.outer(np.arange(4), [1, 2, 3])) == pytest.approx(1)
    with pytest.raises(BadDataError, match="equal"):
        effective_dimension(np.ones((4, 3)))


def test_posterior_divergence_agrees_with_torch():
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    posterior = Normal(torch.from_numpy(mean).double(), torch.from_numpy(log_variance / 2).double().exp())
    expected = kl_divergence(posterior, Normal(0.0, 1.0)).sum(-1).mean().item()
    assert posterior_divergence(mean, log_variance) == pytest.approx(expected)
    assert posterior_divergence(0 * mean, 0 * mean) == 0


def test_fitted_divergence_agrees_with_torch_and_by_hand():
    assert fitted_divergence(CROSS) == pytest.approx(0.5 * (4 - 2 - np.log(3)))
    assert fitted_divergence(CROSS + np.array([2, 0])) == pytest.approx(0.5 * (4 - 2 - np.log(3)) + 2)
    vectors = np.random.default_rng(1).normal(size=(50, 3)) @ np.diag([1, 2, 0.1]) + 1
    mean, covariance = (torch.from_numpy(each) for each in (vectors.mean(0), np.cov(vectors.T)))
    standard = MultivariateNormal(torch.zeros(3).double(), torch.eye(3).double())
    expected = kl_divergence(MultivariateNormal(mean, covariance), standard).item()
    assert fitted_divergence(vectors) == pytest.approx(expected)


def test_a_redundant_dimension_is_infinitely_far_from_the_prior():
    assert fitted_divergence(np.column_stack([CROSS, CROSS[:, 0]])) == np.inf
