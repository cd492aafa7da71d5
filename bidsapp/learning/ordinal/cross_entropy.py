"""Plain cross-entropy: levels as if they had no order, to see what order brings."""

from __future__ import annotations

from torch import Tensor

from bidsapp.learning.ordinal.base import weighted_mean
from bidsapp.learning.ordinal.levels import distribution
from bidsapp.learning.ordinal.softmax import SoftmaxLoss


class CrossEntropy(SoftmaxLoss):
    """Cross-entropy of the softmax, in nats; outputs are K logits."""

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Give ``- sum_k q_k log p_k``, mean over patients."""
        soft = distribution(target, self.levels, outputs)
        return weighted_mean(-(soft * outputs.log_softmax(1)).sum(1), weight)
