"""Generators of lesions: what a lesion of a given shape adds to healthy tissue, in all contrasts at once.

A conditional variational auto-encoder (Sohn et al. 2015) and a conditional adversarial network share the
decoder. The condition is the lesion's mask, given at every scale, so that size and outline are known where
they matter; a window around the mask makes what is added fade to zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from monai.networks.blocks import Convolution
from monai.networks.nets import PatchDiscriminator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool3d, avg_pool3d, interpolate, max_pool3d
from torch.nn.utils.parametrizations import spectral_norm

LEVELS = 3
REACH = 3
LOG_VARIANCES = (-10.0, 10.0)


@dataclass(frozen=True)
class LesionPatch:
    """What the generators are built for.

    Attributes
    ----------
    contrasts
        Images that change together.
    side
        Voxels along each axis, a multiple of 8.
    latent
        Length of the latent vector.
    width
        Channels at full resolution; they double at each of three coarser levels.
    """

    contrasts: int
    side: int = 24
    latent: int = 16
    width: int = 16


class LesionDecoder(nn.Module):
    """Draws residuals (lesioned minus healthy) from latent vectors and masks."""

    def __init__(self, patch: LesionPatch) -> None:
        super().__init__()
        self.patch = patch
        widths = [patch.width * 2**level for level in range(LEVELS, -1, -1)]
        self.coarsest = patch.side // 2**LEVELS
        self.start = nn.Linear(patch.latent, widths[0] * self.coarsest**3)
        self.blocks = nn.ModuleList(_convolution(before + 1, after) for before, after in pairwise(widths))
        self.last = nn.Conv3d(patch.width + 1, patch.contrasts, 3, padding=1)

    def forward(self, latent: Tensor, mask: Tensor) -> Tensor:
        """Draw residuals.

        Parameters
        ----------
        latent
            Shape ``(n, latent)``.
        mask
            1 in the lesion, else 0; float, shape ``(n, 1, side, side, side)``.

        Returns
        -------
        Tensor
            Shape ``(n, contrasts, side, side, side)``; zero further than three voxels from the lesion.
        """
        drawn = self.start(latent).unflatten(1, (-1, *(self.coarsest,) * 3))
        for block in self.blocks:
            drawn = interpolate(block(_with_mask(drawn, mask)), scale_factor=2)
        residual: Tensor = self.last(_with_mask(drawn, mask)) * window(mask)
        return residual


class LesionVAE(nn.Module):
    """Conditional variational auto-encoder of residuals."""

    def __init__(self, patch: LesionPatch) -> None:
        super().__init__()
        widths = [patch.contrasts + 1, *(patch.width * 2**level for level in range(1, LEVELS + 1))]
        steps = (_convolution(a, b, strides=2) for a, b in pairwise(widths))
        features = widths[-1] * (patch.side // 2**LEVELS) ** 3
        self.encoder = nn.Sequential(*steps, nn.Flatten(), nn.Linear(features, 2 * patch.latent))
        self.decoder = LesionDecoder(patch)

    def forward(self, residual: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give the residual drawn from a sample (in training; else from the mean), mean and log-variance."""
        mean, log_variance = self.encoder(torch.cat([residual, mask], dim=1)).chunk(2, dim=1)
        log_variance = log_variance.clamp(*LOG_VARIANCES)
        latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp() if self.training else mean
        return self.decoder(latent, mask), mean, log_variance


class LesionCritic(nn.Module):
    """MONAI's discriminator of patches, spectrally bounded, which sees residual and mask."""

    def __init__(self, patch: LesionPatch) -> None:
        super().__init__()
        self.layers = PatchDiscriminator(
            3, patch.width, patch.contrasts + 1, num_layers_d=2, norm=None, last_conv_kernel_size=3
        )
        for module in self.layers.modules():
            if isinstance(module, nn.Conv3d):
                spectral_norm(module)

    def forward(self, residual: Tensor, mask: Tensor) -> Tensor:
        """Give scores of parts of the patch, higher for real ones, shape ``(n, 1, a, a, a)``."""
        score: Tensor = self.layers(torch.cat([residual, mask], dim=1))[-1]
        return score


class LesionGAN(nn.Module):
    """Decoder and critic, who learn against each other."""

    def __init__(self, patch: LesionPatch) -> None:
        super().__init__()
        self.decoder = LesionDecoder(patch)
        self.critic = LesionCritic(patch)

    def forward(self, mask: Tensor) -> Tensor:
        """Draw a residual for each mask."""
        latent = torch.randn(len(mask), self.decoder.patch.latent, device=mask.device)
        drawn: Tensor = self.decoder(latent, mask)
        return drawn


@dataclass(frozen=True)
class ResidualSource:
    """A trained decoder as a plain function of a random generator and a mask.

    Attributes
    ----------
    decoder
        Of either network.
    contrasts
        Names of its channels.
    """

    decoder: LesionDecoder
    contrasts: tuple[str, ...]

    def __call__(self, rng: np.random.Generator, lesion: NDArray[np.bool_]) -> dict[str, NDArray[np.float32]]:
        """Draw what a lesion adds to each contrast, in the box of its mask ``(side, side, side)``."""
        latent = torch.from_numpy(rng.standard_normal((1, self.decoder.patch.latent), dtype=np.float32))
        mask = torch.from_numpy(lesion[None, None].astype(np.float32))
        device = self.decoder.last.weight.device
        with torch.inference_mode():
            drawn = self.decoder(latent.to(device), mask.to(device))[0].float().cpu().numpy()
        return dict(zip(self.contrasts, drawn, strict=True))


def window(mask: Tensor) -> Tensor:
    """Give 1 in masks and up to two voxels around, fading to 0 after three; shape of ``mask``."""
    near = max_pool3d(mask, 2 * REACH - 1, stride=1, padding=REACH - 1)
    return torch.maximum(mask, avg_pool3d(near, 3, stride=1, padding=1))


def _with_mask(features: Tensor, mask: Tensor) -> Tensor:
    side = features.shape[-1]
    return torch.cat([features, adaptive_avg_pool3d(mask, (side, side, side))], dim=1)


def _convolution(before: int, after: int, *, strides: int = 1) -> nn.Module:
    """Convolve without normalisation, which would take away how strong a lesion is."""
    block: nn.Module = Convolution(3, before, after, strides=strides, act="LEAKYRELU", norm=None)
    return block
