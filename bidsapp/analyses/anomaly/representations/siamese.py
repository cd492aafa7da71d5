"""Siamese auto-encoder: the same place in two healthy people has the same features.

Alaverdyan et al. 2020 (Medical Image Analysis 60:101618): loss = reconstruction of both patches + ``alpha``
times the distance of their latent vectors. All layers are trained jointly, or first one by one, each to draw
what the layer before it gave (stacked; Bengio et al. 2007, Greedy layer-wise training), and then jointly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor
from torch.nn.functional import mse_loss

from bidsapp.analyses.anomaly.representations.batch import Batch
from bidsapp.analyses.anomaly.representations.shapes import patches_only
from bidsapp.errors import BadDataError
from bidsapp.learning.representation_losses import Metric, apartness
from bidsapp.networks.autoencoders import AutoEncoder
from bidsapp.networks.dense import DenseNetwork
from bidsapp.networks.patches import KERNELS, PatchShape
from bidsapp.networks.slice_autoencoders import SliceAutoEncoder
from bidsapp.networks.slices import SliceShape

Training = Literal["joint", "stacked"]


@dataclass(frozen=True)
class SiameseAutoEncoder:
    """Reconstruction, and nearness of co-located patches.

    Attributes
    ----------
    alpha
        Weight of the nearness; 0 is a plain auto-encoder.
    metric
        ``cosine``, ``euclidean`` or ``correlation``.
    training
        ``joint``, or ``stacked``, which networks of slices do not offer.
    layer_batches
        Batches for each of the four layers of a stacked training; all batches after them train jointly.
    """

    alpha: float = 0.005
    metric: Metric = "cosine"
    training: Training = "joint"
    layer_batches: int = 500
    context: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.training not in ("joint", "stacked"):
            raise BadDataError(f"Training is joint or stacked, not '{self.training}'.")

    def network(self, shape: PatchShape | SliceShape) -> DenseNetwork:
        """Build the network; both branches are one, as they share all weights."""
        if self.training == "stacked":
            return AutoEncoder(patches_only(shape, "siamese with stacked training"))
        return AutoEncoder(shape) if isinstance(shape, PatchShape) else SliceAutoEncoder(shape)

    def loss(self, network: DenseNetwork, batch: Batch) -> Tensor:
        """Give the loss; which layers it trains depends on the batch's number alone."""
        patches = batch.pairs.flatten(0, 1)
        layer = batch.number // self.layer_batches
        if self.training == "stacked" and layer < len(KERNELS):
            assert isinstance(network, AutoEncoder)
            return self.layer_loss(network, patches, layer)
        drawn, latent = network(patches)
        return self._sum(drawn, patches, latent)

    def layer_loss(self, network: AutoEncoder, patches: Tensor, layer: int) -> Tensor:
        """Give the loss of one layer (from 0) and its mirror image, those below as they are."""
        before, mirror = network.values_before(layer, patches), len(KERNELS) - 1 - layer
        latent = network.encoder.apply_layer(layer, before)
        return self._sum(network.decoder.apply_layer(mirror, latent), before, latent)

    def _sum(self, drawn: Tensor, seen: Tensor, latent: Tensor) -> Tensor:
        first, second = latent.flatten(1).chunk(2)
        return mse_loss(drawn, seen) + self.alpha * apartness(first, second, self.metric)


REPRESENTATION = SiameseAutoEncoder
