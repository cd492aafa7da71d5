"""Contextual GAN: features from which a patch can be drawn, given what lies around it and where it lies.

The generator draws a patch from its latent vector, its larger surrounding (the middle left blank) and its
position; a local critic judges the patch, a global one the patch in its surrounding (Pathak et al. 2016,
Context encoders; Iizuka et al. 2017, Globally and locally consistent completion). As there, reconstruction
carries most of the weight and the critics make the drawing sharp and consistent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import mse_loss

from bidsapp.analyses.anomaly.representations.batch import Batch
from bidsapp.analyses.anomaly.representations.shapes import patches_only
from bidsapp.learning.adversarial import hinge, opponent
from bidsapp.networks.contextual import ContextualGAN
from bidsapp.networks.patches import PatchShape
from bidsapp.networks.slices import SliceShape
from bidsapp.networks.surroundings import with_centre


@dataclass(frozen=True)
class Contextual:
    """Reconstruction, and what the two critics say with weight ``adversarial`` each."""

    adversarial: float = 0.05
    context: ClassVar[bool] = True

    def network(self, shape: PatchShape | SliceShape) -> ContextualGAN:
        """Build the network."""
        return ContextualGAN(patches_only(shape, "contextual"))

    def loss(self, network: ContextualGAN, batch: Batch) -> Tensor:
        """Give the sum of the critics' losses and of the generator's; the batch must carry its context."""
        assert batch.surroundings is not None
        assert batch.positions is not None
        patches, around = batch.pairs.flatten(0, 1), batch.surroundings.flatten(0, 1)
        positions = batch.positions.repeat(2, 1)
        drawn, _ = network(patches, around, positions)
        critics, fooled = patches.new_zeros(()), patches.new_zeros(())
        for critic, real, made in (
            (network.local, patches, drawn),
            (network.broad, around, with_centre(around, drawn)),
        ):
            critics = critics + hinge(critic(real, positions), critic(made.detach(), positions))
            fooled = fooled - opponent(critic, made, positions).mean()
        drawing: Tensor = mse_loss(drawn, patches)
        return drawing + critics + self.adversarial * fooled


REPRESENTATION = Contextual
