"""Wasserstein auto-encoder: the features of all patches together are normal (Tolstikhin et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from bidsapp.analyses.anomaly.representations.batch import Batch
from bidsapp.learning.representation_losses import maximum_mean_discrepancy
from bidsapp.networks.autoencoders import AutoEncoder
from bidsapp.networks.dense import DenseNetwork
from bidsapp.networks.patches import PatchShape
from bidsapp.networks.slice_autoencoders import SliceAutoEncoder
from bidsapp.networks.slices import SliceShape

VECTORS = 1024
"""Latent vectors that are compared at most; the cost grows with their square, and slices give thousands."""


@dataclass(frozen=True)
class Wasserstein:
    """Reconstruction, and maximum mean discrepancy from a standard normal with weight ``weight``."""

    weight: float = 0.01
    context: ClassVar[bool] = False

    def network(self, shape: PatchShape | SliceShape) -> DenseNetwork:
        """Build the network."""
        return AutoEncoder(shape) if isinstance(shape, PatchShape) else SliceAutoEncoder(shape)

    def loss(self, network: DenseNetwork, batch: Batch) -> Tensor:
        """Give the loss."""
        patches = batch.pairs.flatten(0, 1)
        drawn, latent = network(patches)
        if len(latent) > VECTORS:
            latent = latent[torch.randperm(len(latent), device=latent.device)[:VECTORS]]
        prior = torch.randn_like(latent)
        return mse_loss(drawn, patches) + self.weight * maximum_mean_discrepancy(latent, prior)


REPRESENTATION = Wasserstein
