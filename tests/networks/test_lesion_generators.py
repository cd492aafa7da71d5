"""The generators draw residuals that fade around the lesion, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bidsapp.networks.lesion_generators import LesionGAN, LesionPatch, LesionVAE, ResidualSource, window

PATCH = LesionPatch(contrasts=2, side=16, latent=3, width=4)


@pytest.fixture
def mask() -> torch.Tensor:
    mask = torch.zeros(2, 1, 16, 16, 16)
    mask[0, 0, 6:10, 6:10, 6:10] = 1
    mask[1, 0, 8, 8, 8] = 1
    return mask


def test_the_window_is_one_near_the_lesion_and_zero_three_voxels_away(mask: torch.Tensor) -> None:
    line = window(mask)[1, 0, 8, 8].tolist()
    assert line[7:10] == pytest.approx([1, 1, 1])
    assert 0 < line[8 + 3] < 1
    assert line[8 + 4] == 0


@pytest.mark.parametrize("kind", [LesionVAE, LesionGAN])
def test_what_is_added_is_zero_away_from_the_lesion(mask: torch.Tensor, kind: type) -> None:
    torch.manual_seed(0)
    network = kind(PATCH)
    drawn = network.decoder(torch.randn(2, 3), mask)
    assert drawn.shape == (2, 2, 16, 16, 16)
    assert torch.all(drawn[(window(mask) == 0).expand_as(drawn)] == 0)
    assert torch.all(drawn[mask.expand_as(drawn) > 0] != 0)


def test_the_encoder_gives_a_gaussian_and_its_mean_in_evaluation(mask: torch.Tensor) -> None:
    torch.manual_seed(0)
    network = LesionVAE(PATCH).eval()
    residual = torch.randn(2, 2, 16, 16, 16)
    drawn, mean, log_variance = network(residual, mask)
    assert mean.shape == log_variance.shape == (2, 3)
    assert torch.equal(drawn, network.decoder(mean, mask))
    assert not torch.equal(network.train()(residual, mask)[0], drawn)


def test_the_critic_is_bounded(mask: torch.Tensor) -> None:
    torch.manual_seed(0)
    critic = LesionGAN(PATCH).critic
    for _ in range(30):
        critic(torch.randn(2, 2, 16, 16, 16), mask)  # power iterations
    for layer in critic.modules():
        if isinstance(layer, torch.nn.Conv3d):
            assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)


def test_a_source_draws_by_the_random_generator(mask: torch.Tensor) -> None:
    torch.manual_seed(0)
    source = ResidualSource(LesionGAN(PATCH).decoder, ("T1w", "FLAIR"))
    lesion = mask[0, 0].numpy() > 0
    first, again, other = (source(np.random.default_rng(seed), lesion) for seed in (1, 1, 2))
    assert list(first) == ["T1w", "FLAIR"]
    assert np.array_equal(first["FLAIR"], again["FLAIR"])
    assert not np.array_equal(first["FLAIR"], other["FLAIR"])
