"""Both generators learn what synthetic lesions look like: bright on one contrast, dark on the other."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from bidsapp.learning.lesion_generation import adversarial_loss, variational_loss
from bidsapp.networks.lesion_generators import LesionGAN, LesionPatch, LesionVAE

PATCH = LesionPatch(contrasts=2, side=8, latent=2, width=4)
LEVELS = (2.0, -1.0)


def blobs(count: int) -> tuple[Tensor, Tensor]:
    """Balls of 1.5 to 2.5 voxels radius; the strength differs between them by 30 %."""
    axis = torch.arange(8) - 3.5
    distance = (axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2).sqrt()
    mask = (distance <= 1.5 + torch.rand(count, 1, 1, 1))[:, None].float()
    strength = 1 + 0.3 * torch.randn(count, 1, 1, 1, 1)
    return mask * strength * torch.tensor(LEVELS)[:, None, None, None], mask


def level(drawn: Tensor, mask: Tensor) -> list[float]:
    means: list[float] = ((drawn * mask).sum(dim=(0, 2, 3, 4)) / mask.sum()).tolist()
    return means


def test_the_auto_encoder_draws_lesions_of_mean_and_spread_from_random_latent_vectors() -> None:
    torch.manual_seed(0)
    network = LesionVAE(PATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for _ in range(160):
        residual, mask = blobs(16)
        drawn, mean, log_variance = network(residual, mask)
        optimizer.zero_grad()
        variational_loss(drawn, residual, mean, log_variance, noise=0.5).backward()
        optimizer.step()
    with torch.no_grad():
        _, mask = blobs(64)
        drawn = network.decoder(torch.randn(64, 2), mask)
    assert level(drawn, mask) == pytest.approx(LEVELS, rel=0.3)  # so short a training shrinks them
    each = (drawn[:, :1] * mask).sum(dim=(1, 2, 3, 4)) / mask.sum(dim=(1, 2, 3, 4))
    assert 0.2 < each.std() < 1.2  # truth: 0.6
    outside = (drawn * (1 - mask)).abs().sum() / (drawn.abs().sum())
    assert outside < 0.45  # 0.8 before training


def test_the_adversarial_network_draws_lesions_of_the_right_level() -> None:
    torch.manual_seed(0)
    network = LesionGAN(PATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, betas=(0.0, 0.9))
    for _ in range(90):
        residual, mask = blobs(16)
        optimizer.zero_grad()
        adversarial_loss(network, residual, mask).backward()
        optimizer.step()
    with torch.no_grad():
        _, mask = blobs(64)
        assert level(network(mask), mask) == pytest.approx(LEVELS, abs=0.35)


def test_the_bound_is_that_of_gaussians() -> None:
    residual, drawn = torch.ones(2, 1, 2, 2, 2), torch.zeros(2, 1, 2, 2, 2)
    mean, log_variance = torch.full((2, 3), 2.0), torch.full((2, 3), math.log(4.0))
    divergence = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, 2.0), torch.distributions.Normal(0.0, 1.0)
    )
    expected = 8 / (2 * 0.5**2) + divergence.sum(dim=1).mean().item()
    loss = variational_loss(drawn, residual, mean, log_variance, noise=0.5)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_each_player_follows_the_own_loss_alone() -> None:
    torch.manual_seed(0)
    network = LesionGAN(PATCH).eval()
    residual, mask = blobs(4)
    torch.manual_seed(1)
    adversarial_loss(network, residual, mask, matching=0).backward()
    torch.manual_seed(1)
    deceiving = -network.critic(network(mask), mask).mean()
    own = torch.autograd.grad(deceiving, list(network.decoder.parameters()))
    for weight, gradient in zip(network.decoder.parameters(), own, strict=True):
        assert torch.allclose(weight.grad, gradient, atol=1e-6)
