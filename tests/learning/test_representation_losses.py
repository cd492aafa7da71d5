import math

import pytest
import torch

from bidsapp.learning.representation_losses import apartness, gaussian_divergence, maximum_mean_discrepancy


@pytest.fixture
def vectors():
    torch.manual_seed(0)
    return torch.randn(500, 8)


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "correlation"])
def test_equal_pairs_are_not_apart(vectors, metric):
    assert apartness(vectors, vectors, metric).abs() < 1e-5
    assert apartness(vectors, vectors.flip(0), metric) > 0.5


def test_cosine_ignores_length_and_correlation_an_offset_too(vectors):
    assert apartness(vectors, 3 * vectors, "cosine").abs() < 1e-5
    assert apartness(vectors, 3 * vectors + 5, "correlation").abs() < 1e-5
    assert apartness(vectors, 3 * vectors + 5, "cosine") > 0.1


def test_opposite_vectors_are_two_apart():
    ones = torch.ones(4, 3)
    assert apartness(ones, -ones).item() == pytest.approx(2)


def test_divergence_of_known_gaussians():
    zeros = torch.zeros(2, 3)
    assert gaussian_divergence(zeros, zeros).item() == 0
    assert gaussian_divergence(zeros + 2, zeros).item() == pytest.approx(6)
    expected = 3 * 0.5 * (4 - 1 - math.log(4))
    assert gaussian_divergence(zeros, zeros + math.log(4)).item() == pytest.approx(expected)


def test_discrepancy_is_near_zero_for_one_distribution_and_large_for_two(vectors):
    same = maximum_mean_discrepancy(vectors, torch.randn(500, 8))
    assert same.abs() < 0.02
    assert maximum_mean_discrepancy(vectors + 1, torch.randn(500, 8)) > 10 * same.abs()
