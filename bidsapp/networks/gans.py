"""Generative adversarial networks of patches with an encoder beside the generator."""

from __future__ import annotations

from torch import Tensor

from bidsapp.networks.critics import PatchCritic
from bidsapp.networks.dense import AdversarialNetwork
from bidsapp.networks.patch_network import PatchNetwork
from bidsapp.networks.patches import PatchDecoder, PatchEncoder, PatchShape


class PatchGAN(PatchNetwork, AdversarialNetwork):
    """Encoder, generator (``decoder``) and critic of patches.

    Generator and critic have no batch normalisation: a drawing must not depend on what else is drawn with it.

    Parameters
    ----------
    shape
        What it is built for.
    joint
        The critic judges a patch together with its latent vector and is spectrally bounded (BiGAN); else the
        patch alone, unbounded (Wasserstein).
    """

    def __init__(self, shape: PatchShape, *, joint: bool) -> None:
        super().__init__(PatchEncoder(shape), PatchDecoder(shape, normalised=False))
        self.critic = PatchCritic(shape, shape.latent if joint else 0, bounded=joint)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Give the drawing and the latent vectors of patches."""
        latent = self.encoder(patches)
        return self.decoder(latent), latent

    def discriminate_dense(self, images: Tensor) -> Tensor:
        """Give the critic's features of every voxel, see `PatchEncoder.dense`."""
        return self.critic.features.dense(images)
