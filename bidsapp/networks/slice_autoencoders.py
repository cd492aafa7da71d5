"""Auto-encoders of whole axial slices, plain and variational, for the same losses as those of patches."""

from __future__ import annotations

import torch
from torch import Tensor

from bidsapp.networks.autoencoders import LOG_VARIANCES, sample
from bidsapp.networks.dense import DenseNetwork, VariationalNetwork, values_at
from bidsapp.networks.slices import SliceDecoder, SliceEncoder, SliceShape, as_vectors, at_every_voxel

BLOCK_SLICES = 8


class SliceAutoEncoder(DenseNetwork):
    """Encoder and decoder; the latent vectors are those of the cells of the finest code."""

    outputs = 1

    def __init__(self, shape: SliceShape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = SliceEncoder(shape, self.outputs)
        self.decoder = SliceDecoder(shape)

    def forward(self, slices: Tensor) -> tuple[Tensor, ...]:
        """Give the reconstruction of slices ``(n, channels, x, y)`` and latent vectors (`as_vectors`)."""
        codes = self.encoder(slices)
        return self.decoder(codes, slices.shape[-2:]), as_vectors(codes)

    def means(self, slices: Tensor) -> list[Tensor]:
        """Give the codes from which a slice is drawn without chance."""
        return [code.chunk(self.outputs, dim=1)[0] for code in self.encoder(slices)]

    def encode_dense(self, images: Tensor) -> Tensor:
        """Give the latent vector of every voxel: the codes of all scales, linear between cells."""
        size = images.shape[-2:]
        return torch.cat(
            [at_every_voxel(self.means(part), size) for part in torch.split(images, BLOCK_SLICES)]
        )

    def reconstruction_error(self, images: Tensor, places: Tensor) -> Tensor:
        """Give the squared error of the drawn slice at voxels, see `DenseNetwork.reconstruction_error`."""
        size = images.shape[-2:]
        errors = [
            (self.decoder(self.means(part), size) - part).square()
            for part in torch.split(images, BLOCK_SLICES)
        ]
        return values_at(torch.cat(errors), places, 2)


class VariationalSliceAutoEncoder(SliceAutoEncoder, VariationalNetwork):
    """The codes are Gaussians (Kingma and Welling 2014)."""

    outputs = 2

    def forward(self, slices: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give the reconstruction of a sample (in training; else of the mean), means and log-variances."""
        codes = [code.chunk(2, dim=1) for code in self.encoder(slices)]
        means = [mean for mean, _ in codes]
        log_variances = [log_variance.clamp(*LOG_VARIANCES) for _, log_variance in codes]
        latent = [sample(*both) for both in zip(means, log_variances, strict=True)]
        drawn = self.decoder(latent if self.training else means, slices.shape[-2:])
        return drawn, as_vectors(means), as_vectors(log_variances)

    def log_variance_dense(self, images: Tensor) -> Tensor:
        """Give the logarithm of the latent variance of every voxel, linear between cells."""
        size = images.shape[-2:]
        spread = [
            [code.chunk(2, dim=1)[1].clamp(*LOG_VARIANCES) for code in self.encoder(part)]
            for part in torch.split(images, BLOCK_SLICES)
        ]
        return torch.cat([at_every_voxel(codes, size) for codes in spread])
