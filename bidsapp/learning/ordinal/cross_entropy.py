"""Plain cross-entropy: levels as if they had no order, to see what order brings."""

from __future__ import annotations

from torch import Tensor

from bidsapp.learning.ordinal.base import OrdinalLoss, weighted_mean
from bidsapp.learning.ordinal.levels import distribution, shares


class CrossEntropy(OrdinalLoss):
    """Cross-entropy of the softmax, in nats; outputs are K logits."""

    def __init__(self, levels: int) -> None:
        super().__init__(levels)
        self.outputs = levels

    def start(self, target: Tensor) -> Tensor:
        """Give the logarithm of the share of each level."""
        return shares(target, self.levels, target.float()).log()

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Give ``- sum_k q_k log p_k``, mean over patients."""
        soft = distribution(target, self.levels, outputs)
        return weighted_mean(-(soft * outputs.log_softmax(1)).sum(1), weight)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Give the softmax."""
        return outputs.softmax(1)
