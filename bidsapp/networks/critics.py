"""Discriminators of patches."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from bidsapp.networks.patches import PatchEncoder, PatchShape

HIDDEN = 32


class PatchCritic(nn.Module):
    """Score of patches: features by the encoder's layers without normalisation, then two linear layers.

    Parameters
    ----------
    shape
        What it is built for; ``shape.latent`` is the number of features.
    conditions
        Length of the vector (latent vector, position) that a patch is judged together with.
    bounded
        With spectral normalisation (Miyato et al. 2018) for hinge losses; a Wasserstein critic has its
        gradient penalty instead.
    """

    def __init__(self, shape: PatchShape, conditions: int = 0, *, bounded: bool) -> None:
        super().__init__()
        self.features = PatchEncoder(shape, normalised=False)
        self.head = nn.Sequential(
            nn.GELU(), nn.Linear(shape.latent + conditions, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, 1)
        )
        if bounded:
            for layer in [*self.features.layers, self.head[1], self.head[3]]:
                spectral_norm(layer)

    def forward(self, patches: Tensor, conditions: Tensor | None = None) -> Tensor:
        """Give a score for each patch, higher for real ones, shape ``(n,)``."""
        described = self.features(patches)
        if conditions is not None:
            described = torch.cat([described, conditions], dim=1)
        score: Tensor = self.head(described)
        return score[:, 0]
