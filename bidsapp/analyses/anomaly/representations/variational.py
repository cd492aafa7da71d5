"""Variational auto-encoder: features that are distributed as a standard normal (Kingma and Welling 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import mse_loss

from bidsapp.analyses.anomaly.representations.batch import Batch
from bidsapp.learning.representation_losses import gaussian_divergence
from bidsapp.networks.autoencoders import VariationalAutoEncoder
from bidsapp.networks.dense import DenseNetwork
from bidsapp.networks.patches import PatchShape
from bidsapp.networks.slice_autoencoders import VariationalSliceAutoEncoder
from bidsapp.networks.slices import SliceShape


@dataclass(frozen=True)
class Variational:
    """Reconstruction, and divergence from the prior with weight ``beta``."""

    beta: float = 1e-4
    context: ClassVar[bool] = False

    def network(self, shape: PatchShape | SliceShape) -> DenseNetwork:
        """Build the network."""
        if isinstance(shape, PatchShape):
            return VariationalAutoEncoder(shape)
        return VariationalSliceAutoEncoder(shape)

    def loss(self, network: DenseNetwork, batch: Batch) -> Tensor:
        """Give the negative lower bound, scaled so that the reconstruction is a mean over voxels."""
        patches = batch.pairs.flatten(0, 1)
        drawn, mean, log_variance = network(patches)
        return mse_loss(drawn, patches) + self.beta * gaussian_divergence(mean, log_variance)


REPRESENTATION = Variational
