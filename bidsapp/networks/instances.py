"""Learns from one number of a patient which of its regions or patches carry it: weak supervision of maps.

Multiple-instance learning with gated attention (Ilse et al. 2018, see `bidsapp.networks.attention`). The last
layer is linear, so that the prediction is a sum of what each instance adds; the weight says where the network
looks, the contribution how much it finds there, with its sign (additive models: Javed et al. 2022,
https://arxiv.org/abs/2206.01794).
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from bidsapp.networks.attention import GatedAttention


class Explained(NamedTuple):
    """A prediction, and where it comes from.

    Attributes
    ----------
    outputs
        Shape ``(n, outputs)``.
    weights
        Attention, shape ``(n, instances)``; sums to 1 over the instances that are there.
    contributions
        Shape ``(n, instances, outputs)``; with the bias of the last layer they add up to ``outputs``.
    """

    outputs: Tensor
    weights: Tensor
    contributions: Tensor


class InstanceNetwork(nn.Module):
    """Predicts from a bag of instances, each a vector of features (values of a region, code of a patch).

    Parameters
    ----------
    features
        Numbers of an instance.
    outputs
        Numbers predicted, as the loss asks.
    width
        Units of an instance's code.
    hidden
        Units behind the attention.
    """

    def __init__(self, features: int, outputs: int = 1, *, width: int = 16, hidden: int = 16) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(features, width), nn.GELU(), nn.Linear(width, width), nn.GELU()
        )
        self.attention = GatedAttention(width, hidden)
        self.head = nn.Linear(width, outputs)

    def forward(self, instances: Tensor, there: Tensor) -> Explained:
        """Predict.

        Parameters
        ----------
        instances
            Shape ``(n, instances, features)``.
        there
            Booleans of shape ``(n, instances)``; instances that are not there change nothing.
        """
        codes = self.encoder(instances.where(there[..., None], 0))
        pooled, weights = self.attention(codes, there)
        contributions = (weights[..., None] * codes) @ self.head.weight.T
        return Explained(self.head(pooled), weights, contributions)
