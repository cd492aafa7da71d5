"""What all networks of patches share: an encoder, a decoder, and both of them on whole images."""

from __future__ import annotations

import torch
from torch import Tensor

from bidsapp.networks.dense import DenseNetwork, as_volume, values_at
from bidsapp.networks.patches import PatchDecoder, PatchEncoder, PatchShape, patches_at

BLOCK_VALUES = 8_000_000
"""Numbers in the patches of one block: the layers of a block then stay below 1 GB."""


class PatchNetwork(DenseNetwork):
    """Encoder and decoder of patches."""

    def __init__(self, encoder: PatchEncoder, decoder: PatchDecoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    @property
    def shape(self) -> PatchShape:
        """What the network is built for."""
        return self.encoder.shape

    def encode_dense(self, images: Tensor) -> Tensor:
        """Give the latent vector of every voxel, see `PatchEncoder.dense`."""
        return self.encoder.dense(images)

    def draw_at(self, volume: Tensor, places: Tensor, latent: Tensor) -> Tensor:
        """Draw the patches around voxels.

        Parameters
        ----------
        volume
            Shape ``(channels, x, y, z)``.
        places
            Voxel indices, shape ``(n, 3)``.
        latent
            Latent vectors there, shape ``(n, latent)``.
        """
        drawn: Tensor = self.decoder(latent)
        return drawn

    def reconstruction_error(self, images: Tensor, places: Tensor) -> Tensor:
        """Give the mean squared error of the drawn patch, see `DenseNetwork.reconstruction_error`."""
        dimensions = self.shape.dimensions
        volume, latent = as_volume(images, dimensions), self.encode_dense(images)
        errors = [images.new_zeros(0, self.shape.channels)]
        for block in torch.split(places, self.block_places):
            drawn = self.draw_at(volume, block, values_at(latent, block, dimensions))
            seen = patches_at(volume, block, dimensions)
            errors.append((drawn - seen).square().flatten(2).mean(dim=2))
        return torch.cat(errors)

    @property
    def block_places(self) -> int:
        """Patches that are drawn at a time."""
        widest = max(self.shape.channels, *self.shape.filters[:-1])
        voxels = int(torch.Size(self.shape.size).numel())
        return max(1, BLOCK_VALUES // (voxels * widest))
