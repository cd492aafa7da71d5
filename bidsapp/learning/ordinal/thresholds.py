"""Ordered thresholds on a line: K - 1 learned numbers that never cross; what losses over them share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from bidsapp.learning.ordinal.base import OrdinalLoss
from bidsapp.learning.ordinal.levels import shares

NARROWEST = 1e-3  # logits: no level vanishes


class OrderedThresholds(nn.Module):
    """Thresholds as a first one and positive gaps, so that order holds at each step of the training.

    Parameters
    ----------
    count
        Number of thresholds, K - 1.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.zeros(1))
        self.gaps = nn.Parameter(torch.zeros(count - 1))

    def forward(self) -> Tensor:
        """Give the thresholds, shape ``(K - 1,)``, rising."""
        return torch.cat([self.first, self.first + (softplus(self.gaps) + NARROWEST).cumsum(0)])

    @torch.no_grad()
    def place(self, wanted: Tensor) -> None:
        """Set them such that a latent score of 0 has a logistic law with these shares.

        Parameters
        ----------
        wanted
            Probability of each level, all above 0, shape ``(K,)``.
        """
        places = torch.logit(wanted.cumsum(0)[:-1].clamp(1e-6, 1 - 1e-6))
        gap = (places.diff() - NARROWEST).clamp_min(NARROWEST)
        self.first.copy_(places[:1])
        self.gaps.copy_(gap + torch.log(-torch.expm1(-gap)))


class ThresholdLoss(OrdinalLoss):
    """A loss over one output that thresholds cut into levels; subclasses say what it costs."""

    outputs = 1

    def __init__(self, levels: int) -> None:
        super().__init__(levels)
        self.thresholds = OrderedThresholds(levels - 1)

    def start(self, target: Tensor) -> Tensor:
        """Place the thresholds by the shares of the levels; the bias is 0."""
        self.thresholds.place(shares(target, self.levels, self.thresholds.first))
        return torch.zeros(1)
