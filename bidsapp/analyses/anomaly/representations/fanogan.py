"""f-AnoGAN: a Wasserstein generator of normal patches, then an encoder that finds its way back into it.

Schlegl et al. 2019 (Medical Image Analysis 54:30): first WGAN with gradient penalty (Gulrajani et al. 2017);
then, generator and critic as they are, the encoder by ``izi_f``: reconstruction of the patch and of the
critic's features of it. One thing differs from the paper: in the first stage the encoder and the generator
already draw patches again together (``cycle``), or a small generator keeps to few kinds of patches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from bidsapp.analyses.anomaly.representations.batch import Batch
from bidsapp.analyses.anomaly.representations.shapes import patches_only
from bidsapp.learning.adversarial import gradient_penalty, opponent
from bidsapp.networks.gans import PatchGAN
from bidsapp.networks.patches import PatchShape
from bidsapp.networks.slices import SliceShape


@dataclass(frozen=True)
class FAnoGAN:
    """Generator and critic, then encoder.

    Attributes
    ----------
    generator_batches
        Batches of the first stage; from those after them the encoder learns alone.
    critic_batches
        In the first stage, the generator learns from the critic every so many batches, the critic each time.
    cycle
        Weight of the reconstruction in the first stage; 0 is the paper's.
    penalty
        Weight of the gradient penalty.
    kappa
        Weight of the critic's features in the encoder's loss.
    """

    generator_batches: int = 5000
    critic_batches: int = 5
    cycle: float = 5.0
    penalty: float = 10.0
    kappa: float = 1.0
    context: ClassVar[bool] = False

    def network(self, shape: PatchShape | SliceShape) -> PatchGAN:
        """Build the network."""
        return PatchGAN(patches_only(shape, "fanogan"), joint=False)

    def loss(self, network: PatchGAN, batch: Batch) -> Tensor:
        """Give the loss; who learns depends on the batch's number alone."""
        patches = batch.pairs.flatten(0, 1)
        if batch.number >= self.generator_batches:
            return self.encoder_loss(network, patches)
        redrawn, latent = network(patches)
        drawn = network.decoder(torch.randn_like(latent))
        loss = self.critic_loss(network, patches, drawn.detach()) + self.cycle * mse_loss(redrawn, patches)
        if batch.number % self.critic_batches == 0:
            loss = loss - opponent(network.critic, drawn).mean()
        return loss

    def critic_loss(self, network: PatchGAN, patches: Tensor, drawn: Tensor) -> Tensor:
        """Give the negative distance of real and drawn patches, and the penalty."""
        distance: Tensor = network.critic(patches).mean() - network.critic(drawn).mean()
        return self.penalty * gradient_penalty(network.critic, patches, drawn) - distance

    def encoder_loss(self, network: PatchGAN, patches: Tensor) -> Tensor:
        """Give ``izi_f``."""
        redrawn = opponent(network.decoder, network.encoder(patches))
        features = network.critic.features
        seen, found = opponent(features, patches), opponent(features, redrawn)
        return mse_loss(redrawn, patches) + self.kappa * mse_loss(found, seen)


REPRESENTATION = FAnoGAN
