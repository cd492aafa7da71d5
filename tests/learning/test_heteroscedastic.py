import math

import pytest
import torch
from torch.distributions import Laplace

from bidsapp.learning.heteroscedastic import bounded, heteroscedastic_loss, standard_deviation


def example():
    torch.manual_seed(0)
    mean, log_variance, target = torch.randn(3, 1, 1, 4, 5, 6)
    return mean, log_variance, target, torch.rand(1, 1, 4, 5, 6) < 0.6


def test_gaussian_loss_agrees_with_torch():
    mean, log_variance, target, mask = example()
    variance = standard_deviation(log_variance).square()
    oracle = torch.nn.GaussianNLLLoss(full=True)(mean[mask], target[mask], variance[mask])
    assert heteroscedastic_loss(mean, log_variance, target, mask, "gaussian").item() == pytest.approx(
        oracle.item(), rel=1e-5
    )


def test_laplace_loss_agrees_with_the_distribution_of_that_variance():
    mean, log_variance, target, mask = example()
    spread = standard_deviation(log_variance)
    noise = Laplace(mean, spread / math.sqrt(2))
    assert torch.allclose(noise.variance, spread.square())
    assert heteroscedastic_loss(mean, log_variance, target, mask).item() == pytest.approx(
        -noise.log_prob(target)[mask].mean().item(), rel=1e-5
    )


@pytest.mark.parametrize("noise", ["gaussian", "laplace"])
def test_the_best_variance_is_that_of_the_errors(noise):
    torch.manual_seed(0)
    drawn = torch.randn if noise == "gaussian" else lambda n: Laplace(0.0, 1 / math.sqrt(2)).sample((n,))
    target, place = 0.3 * drawn(20_000), torch.zeros((), requires_grad=True)
    for _ in range(60):
        loss = heteroscedastic_loss(
            torch.zeros(20_000), place.expand(20_000), target, torch.ones(20_000, dtype=torch.bool), noise
        )
        place.data -= torch.autograd.grad(loss, place)[0]
    assert standard_deviation(place).item() == pytest.approx(0.3, rel=0.03)


def test_what_is_not_known_teaches_nothing():
    mean, log_variance, target, mask = example()
    mean.requires_grad_(), log_variance.requires_grad_()
    heteroscedastic_loss(mean, log_variance, torch.where(mask, target, torch.nan), mask).backward()
    assert (mean.grad[~mask] == 0).all()
    assert (mean.grad[mask] != 0).all()
    assert torch.isfinite(log_variance.grad).all()
    nothing = heteroscedastic_loss(mean, log_variance, target, mask & False)
    assert (nothing.item(), nothing.requires_grad) == (0, False)


def test_bounds_hold_and_leave_a_way_back():
    value = torch.tensor([-50.0, 0.01, 20.0], requires_grad=True)
    kept = bounded(value)
    assert kept.tolist() == pytest.approx([-7.0, 0.01, 6.95], abs=0.02)
    kept.sum().backward()
    assert value.grad[2] > 0
