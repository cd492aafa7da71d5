"""Siamese auto-encoder: the same place in two healthy people has the same features.

Alaverdyan et al. 2020 (Medical Image Analysis 60:101618): loss = reconstruction of both patches + ``alpha``
times the distance of their latent vectors, trained jointly.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import mse_loss

from bidsapp.learning.representation_losses import Metric, apartness
from bidsapp.networks.autoencoders import AutoEncoder
from bidsapp.networks.patches import PatchShape


@dataclass(frozen=True)
class SiameseAutoEncoder:
    """Reconstruction, and nearness of co-located patches.

    Attributes
    ----------
    alpha
        Weight of the nearness; 0 is a plain auto-encoder.
    metric
        ``cosine``, ``euclidean`` or ``correlation``.
    """

    alpha: float = 0.005
    metric: Metric = "cosine"

    def network(self, shape: PatchShape) -> nn.Module:
        """Build the network; both branches are one, as they share all weights."""
        return AutoEncoder(shape)

    def loss(self, network: nn.Module, pairs: Tensor) -> Tensor:
        """Give the loss."""
        patches = pairs.flatten(0, 1)
        drawn, latent = network(patches)
        first, second = latent.chunk(2)
        return mse_loss(drawn, patches) + self.alpha * apartness(first, second, self.metric)


REPRESENTATION = SiameseAutoEncoder
