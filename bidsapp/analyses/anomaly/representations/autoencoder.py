"""Auto-encoder: features from which a patch, or a slice, can be drawn again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import mse_loss

from bidsapp.analyses.anomaly.representations.batch import Batch
from bidsapp.networks.autoencoders import AutoEncoder
from bidsapp.networks.dense import DenseNetwork
from bidsapp.networks.patches import PatchShape
from bidsapp.networks.slice_autoencoders import SliceAutoEncoder
from bidsapp.networks.slices import SliceShape


@dataclass(frozen=True)
class PlainAutoEncoder:
    """Mean squared error of the reconstruction."""

    context: ClassVar[bool] = False

    def network(self, shape: PatchShape | SliceShape) -> DenseNetwork:
        """Build the network."""
        return AutoEncoder(shape) if isinstance(shape, PatchShape) else SliceAutoEncoder(shape)

    def loss(self, network: DenseNetwork, batch: Batch) -> Tensor:
        """Give the loss; that the patches come in pairs does not matter here."""
        patches = batch.pairs.flatten(0, 1)
        drawn, _ = network(patches)
        return mse_loss(drawn, patches)


REPRESENTATION = PlainAutoEncoder
