"""Variational auto-encoder: features that are distributed as a standard normal (Kingma and Welling 2014)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import mse_loss

from bidsapp.learning.representation_losses import gaussian_divergence
from bidsapp.networks.autoencoders import VariationalAutoEncoder
from bidsapp.networks.patches import PatchShape


@dataclass(frozen=True)
class Variational:
    """Reconstruction, and divergence from the prior with weight ``beta``."""

    beta: float = 1e-4

    def network(self, shape: PatchShape) -> nn.Module:
        """Build the network."""
        return VariationalAutoEncoder(shape)

    def loss(self, network: nn.Module, pairs: Tensor) -> Tensor:
        """Give the negative lower bound, scaled so that the reconstruction is a mean over voxels."""
        patches = pairs.flatten(0, 1)
        drawn, mean, log_variance = network(patches)
        return mse_loss(drawn, patches) + self.beta * gaussian_divergence(mean, log_variance)


REPRESENTATION = Variational
