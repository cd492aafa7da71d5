"""Auto-encoder: features from which a patch can be drawn again."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import mse_loss

from bidsapp.networks.autoencoders import AutoEncoder
from bidsapp.networks.patches import PatchShape


@dataclass(frozen=True)
class PlainAutoEncoder:
    """Mean squared error of the reconstruction."""

    def network(self, shape: PatchShape) -> nn.Module:
        """Build the network."""
        return AutoEncoder(shape)

    def loss(self, network: nn.Module, pairs: Tensor) -> Tensor:
        """Give the loss; that the patches come in pairs does not matter here."""
        patches = pairs.flatten(0, 1)
        drawn, _ = network(patches)
        return mse_loss(drawn, patches)


REPRESENTATION = PlainAutoEncoder
