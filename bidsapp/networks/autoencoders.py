"""Auto-encoders of patches: plain, and variational; what siamese and Wasserstein training use too."""

from __future__ import annotations

import torch
from torch import Tensor

from bidsapp.networks.dense import VariationalNetwork
from bidsapp.networks.patch_network import PatchNetwork
from bidsapp.networks.patches import PatchDecoder, PatchEncoder, PatchShape

LOG_VARIANCES = (-10.0, 10.0)


class AutoEncoder(PatchNetwork):
    """Encoder and decoder; the latent vector is a function of the patch."""

    def __init__(self, shape: PatchShape) -> None:
        super().__init__(PatchEncoder(shape), PatchDecoder(shape))

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Give the reconstruction and the latent vectors of patches."""
        latent = self.encoder(patches)
        return self.decoder(latent), latent

    def values_before(self, layer: int, patches: Tensor) -> Tensor:
        """Give what one of the encoder's layers (from 0) receives; no gradient reaches those below it."""
        with torch.no_grad():
            for number in range(layer):
                patches = self.encoder.apply_layer(number, patches)
        return patches


class VariationalAutoEncoder(PatchNetwork, VariationalNetwork):
    """Encoder of a Gaussian (mean and logarithm of the variance) and decoder (Kingma and Welling 2014)."""

    def __init__(self, shape: PatchShape) -> None:
        super().__init__(PatchEncoder(shape, outputs=2), PatchDecoder(shape))

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give the reconstruction of a sample (in training; else of the mean), mean and log-variance."""
        mean, log_variance = self.encoder(patches).chunk(2, dim=1)
        log_variance = log_variance.clamp(*LOG_VARIANCES)
        latent = sample(mean, log_variance) if self.training else mean
        return self.decoder(latent), mean, log_variance

    def encode_dense(self, images: Tensor) -> Tensor:
        """Give the latent mean of every voxel."""
        return self.encoder.dense(images).chunk(2, dim=1)[0]

    def log_variance_dense(self, images: Tensor) -> Tensor:
        """Give the logarithm of the latent variance of every voxel."""
        return self.encoder.dense(images).chunk(2, dim=1)[1].clamp(*LOG_VARIANCES)


def sample(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Draw from Gaussians so that gradients reach both mean and variance."""
    return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
