"""Huber regression: the score as a number; also the frame of losses that only rank."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from bidsapp.learning.ordinal.base import OrdinalLoss, weighted_mean
from bidsapp.learning.ordinal.levels import score
from bidsapp.learning.ordinal.soft_labels import CRS_R_ERROR, soft_labels


class Huber(OrdinalLoss):
    """Squared below ``delta`` points of error, linear above (Huber 1964, doi:10.1214/aoms/1177703732).

    One output, in standard deviations of the training labels from their mean. A soft label counts as its
    mean.

    Parameters
    ----------
    levels
        K.
    delta
        Points; the default is the standard error of the label, below which an error may be the rater's.

    Attributes
    ----------
    centre, scale
        Mean and standard deviation of the training labels, points.
    spread
        Standard deviation of the error of prediction, points: the width of :meth:`probabilities`. Whoever
        trains the network sets it from patients left out; at first that of the labels.
    """

    outputs = 1
    centre: Tensor
    scale: Tensor
    spread: Tensor

    def __init__(self, levels: int, delta: float = CRS_R_ERROR) -> None:
        super().__init__(levels)
        self.delta = delta
        self.register_buffer("centre", torch.tensor((levels - 1) / 2))
        self.register_buffer("scale", torch.tensor(1.0))
        self.register_buffer("spread", torch.tensor(1.0))

    def start(self, target: Tensor) -> Tensor:
        """Take mean and standard deviation of the labels; the bias is 0."""
        value = score(target, self.centre)
        self.centre.copy_(value.mean())
        self.scale.copy_(value.std(correction=0).clamp_min(1e-3))
        self.spread.copy_(self.scale)
        return torch.zeros(1)

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Give the Huber loss of the standardised score."""
        wanted = (score(target, outputs) - self.centre) / self.scale
        delta = self.delta / float(self.scale)
        return weighted_mean(huber_loss(outputs[:, 0], wanted, reduction="none", delta=delta), weight)

    def expected(self, outputs: Tensor) -> Tensor:
        """Give the score, kept within the scale."""
        return (self.centre + self.scale * outputs[:, 0]).clamp(0, self.levels - 1)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Give a normal law about the score, of standard deviation `spread`, cut at the ends."""
        value = self.expected(outputs)
        return soft_labels(value, self.levels, self.spread.to(value))
