"""Ordered thresholds on a line: K - 1 learned numbers that can never cross."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

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
    def place(self, shares: Tensor) -> None:
        """Set them such that a latent score of 0 has a logistic law with these shares.

        Parameters
        ----------
        shares
            Probability of each level, all above 0, shape ``(K,)``.
        """
        wanted = torch.logit(shares.cumsum(0)[:-1].clamp(1e-6, 1 - 1e-6))
        gap = (wanted.diff() - NARROWEST).clamp_min(NARROWEST)
        self.first.copy_(wanted[:1])
        self.gaps.copy_(gap + torch.log(-torch.expm1(-gap)))
