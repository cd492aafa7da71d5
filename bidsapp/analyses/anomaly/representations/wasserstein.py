"""Wasserstein auto-encoder: the features of all patches together are normal (Tolstikhin et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from bidsapp.learning.representation_losses import maximum_mean_discrepancy
from bidsapp.networks.autoencoders import AutoEncoder
from bidsapp.networks.patches import PatchShape


@dataclass(frozen=True)
class Wasserstein:
    """Reconstruction, and maximum mean discrepancy from a standard normal with weight ``weight``."""

    weight: float = 0.01

    def network(self, shape: PatchShape) -> nn.Module:
        """Build the network."""
        return AutoEncoder(shape)

    def loss(self, network: nn.Module, pairs: Tensor) -> Tensor:
        """Give the loss."""
        patches = pairs.flatten(0, 1)
        drawn, latent = network(patches)
        prior = torch.randn_like(latent)
        return mse_loss(drawn, patches) + self.weight * maximum_mean_discrepancy(latent, prior)


REPRESENTATION = Wasserstein
