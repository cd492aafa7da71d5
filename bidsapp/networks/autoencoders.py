"""Auto-encoders of patches: plain, and variational; what siamese and Wasserstein training use too."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bidsapp.networks.patches import PatchDecoder, PatchEncoder, PatchShape


class AutoEncoder(nn.Module):
    """Encoder and decoder; the latent vector is a function of the patch."""

    def __init__(self, shape: PatchShape) -> None:
        super().__init__()
        self.encoder = PatchEncoder(shape)
        self.decoder = PatchDecoder(shape)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Give the reconstruction and the latent vectors of patches."""
        latent = self.encoder(patches)
        return self.decoder(latent), latent

    def encode_dense(self, images: Tensor) -> Tensor:
        """Give the latent vector of every voxel, see `PatchEncoder.dense`."""
        return self.encoder.dense(images)


class VariationalAutoEncoder(nn.Module):
    """Encoder of a Gaussian (mean and logarithm of the variance) and decoder (Kingma and Welling 2014)."""

    def __init__(self, shape: PatchShape) -> None:
        super().__init__()
        self.encoder = PatchEncoder(shape, outputs=2)
        self.decoder = PatchDecoder(shape)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give the reconstruction of a sample (in training; else of the mean), mean and log-variance."""
        mean, log_variance = self.encoder(patches).chunk(2, dim=1)
        log_variance = log_variance.clamp(-10, 10)
        latent = mean
        if self.training:
            latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return self.decoder(latent), mean, log_variance

    def encode_dense(self, images: Tensor) -> Tensor:
        """Give the latent mean of every voxel."""
        return self.encoder.dense(images).chunk(2, dim=1)[0]
