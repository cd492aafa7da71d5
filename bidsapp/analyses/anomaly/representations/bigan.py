"""BiGAN: an encoder that inverts a generator, learned against a critic of (patch, latent vector) pairs.

Donahue et al. 2017 (Adversarial feature learning): the critic tells (x, E(x)) from (G(z), z); where it
cannot, E inverts G. Two things differ from the paper: hinge losses, as the logistic ones saturate; and a
reconstruction term, the cycle of ALICE (Li et al. 2017), without which it stays open for long which latent
vector belongs to which patch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from bidsapp.analyses.anomaly.representations.batch import Batch
from bidsapp.analyses.anomaly.representations.shapes import patches_only
from bidsapp.learning.adversarial import hinge, opponent
from bidsapp.networks.gans import PatchGAN
from bidsapp.networks.patches import PatchShape
from bidsapp.networks.slices import SliceShape


@dataclass(frozen=True)
class BiGAN:
    """Hinge losses of the joint critic, and reconstruction with weight ``cycle`` (0: the paper's BiGAN)."""

    cycle: float = 5.0
    context: ClassVar[bool] = False

    def network(self, shape: PatchShape | SliceShape) -> PatchGAN:
        """Build the network."""
        return PatchGAN(patches_only(shape, "bigan"), joint=True)

    def loss(self, network: PatchGAN, batch: Batch) -> Tensor:
        """Give the sum of the critic's loss and of that of encoder and generator."""
        patches = batch.pairs.flatten(0, 1)
        redrawn, latent = network(patches)
        prior = torch.randn_like(latent)
        drawn = network.decoder(prior)
        critic = hinge(network.critic(patches, latent.detach()), network.critic(drawn.detach(), prior))
        scores = opponent(network.critic, patches, latent), opponent(network.critic, drawn, prior)
        return critic + (scores[0] - scores[1]).mean() + self.cycle * mse_loss(redrawn, patches)


REPRESENTATION = BiGAN
