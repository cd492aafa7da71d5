"""Contextual generative adversarial network: a patch is drawn for its surrounding and its position."""

from __future__ import annotations

import torch
from torch import Tensor

from bidsapp.networks.critics import PatchCritic
from bidsapp.networks.dense import AdversarialNetwork
from bidsapp.networks.patch_network import PatchNetwork
from bidsapp.networks.patches import PatchDecoder, PatchEncoder, PatchShape
from bidsapp.networks.surroundings import (
    REACH,
    pooled,
    pooled_volume,
    positions_of,
    surroundings_at,
    with_centre,
)

AXES = 3


class ContextualGAN(PatchNetwork, AdversarialNetwork):
    """Encoders of patch and surrounding, generator of the patch, local and global critic.

    The surrounding is seen with its middle blank, so it cannot give the patch away; the global critic sees it
    with the patch, real or drawn, put back (Iizuka et al. 2017, Globally and locally consistent completion).
    Latent vectors are those of the patch alone.
    """

    def __init__(self, shape: PatchShape) -> None:
        inputs = 2 * shape.latent + AXES
        super().__init__(PatchEncoder(shape), PatchDecoder(shape, inputs, normalised=False))
        self.context = PatchEncoder(shape)
        self.local = PatchCritic(shape, AXES, bounded=True)
        self.broad = PatchCritic(shape, AXES, bounded=True)

    def forward(self, patches: Tensor, surroundings: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Give the drawing and the latent vectors of patches.

        Parameters
        ----------
        patches, surroundings
            Shape ``(n, channels, 15, 15[, 15])``, see `bidsapp.networks.surroundings`.
        positions
            Shape ``(n, 3)``.
        """
        latent = self.encoder(patches)
        return self.draw(latent, surroundings, positions), latent

    def draw(self, latent: Tensor, surroundings: Tensor, positions: Tensor) -> Tensor:
        """Draw patches from latent vectors for their surroundings (the middle is not looked at)."""
        context = self.context(with_centre(surroundings, None))
        drawn: Tensor = self.decoder(torch.cat([latent, context, positions], dim=1))
        return drawn

    def draw_at(self, volume: Tensor, places: Tensor, latent: Tensor) -> Tensor:
        """Draw the patches around voxels, see `PatchNetwork.draw_at`."""
        around = surroundings_at(pooled_volume(volume, self.shape.dimensions), places, self.shape.dimensions)
        return self.draw(latent, around, positions_of(places, volume.shape[1:]).to(volume.dtype))

    def discriminate_dense(self, images: Tensor) -> Tensor:
        """Give the features of the local and then of the global critic at every voxel."""
        around = pooled(images, self.shape.dimensions)
        return torch.cat(
            [self.local.features.dense(images), self.broad.features.dense(around, spacing=REACH)], dim=1
        )
