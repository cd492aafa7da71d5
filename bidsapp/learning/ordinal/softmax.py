"""What losses over K logits share: each level has an output of its own."""

from __future__ import annotations

from torch import Tensor

from bidsapp.learning.ordinal.base import OrdinalLoss
from bidsapp.learning.ordinal.levels import shares


class SoftmaxLoss(OrdinalLoss):
    """A loss over the softmax of K logits; subclasses say what it costs."""

    def __init__(self, levels: int) -> None:
        super().__init__(levels)
        self.outputs = levels

    def start(self, target: Tensor) -> Tensor:
        """Give the logarithm of the share of each level."""
        return shares(target, self.levels, target.float()).log()

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Give the softmax."""
        return outputs.softmax(1)
