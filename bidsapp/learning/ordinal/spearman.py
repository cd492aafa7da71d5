"""Rank loss over the whole list: one minus a rank correlation whose ranks are smooth."""

from __future__ import annotations

import torch
from torch import Tensor

from bidsapp.learning.ordinal.anchored import AnchoredRank
from bidsapp.learning.ordinal.levels import score
from bidsapp.learning.ordinal.pairwise import better

FLOOR = 0.01  # of the variance of ranks: keeps the slope finite where a fresh network says the same of all


def soft_ranks(values: Tensor, weight: Tensor | None = None, width: float = 0.1) -> Tensor:
    """Give how much of the weight lies below each value, steps blurred by a logistic law.

    Qin, Liu, Li 2010, Inf Retr 13:375, doi:10.1007/s10791-009-9124-x.

    Parameters
    ----------
    values
        Shape ``(n,)``.
    weight
        Of each patient, shape ``(n,)``.
    width
        Of the logistic law, in units of ``values``.

    Returns
    -------
    Tensor
        Shape ``(n,)``, 0 to 1; narrow and with equal weights it is ``(rank - 0.5) / n``, ties at their mean.
    """
    share = torch.ones_like(values) if weight is None else weight
    share = share / share.sum().clamp_min(torch.finfo(values.dtype).tiny)
    return torch.sigmoid((values[:, None] - values) / width) @ share


def spearman_loss(values: Tensor, target: Tensor, weight: Tensor | None = None, width: float = 0.1) -> Tensor:
    """Give one minus the correlation between soft ranks of the values and ranks of the labels.

    `FLOOR` keeps it half a per cent above 0 at best.

    Parameters
    ----------
    values, weight, width
        As in :func:`soft_ranks`.
    target
        Scores, shape ``(n,)``, or distributions, which count as their means.

    Returns
    -------
    Tensor
        A scalar, 0 to 2; 1 where all labels are equal, or nobody has a weight.
    """
    share = torch.ones_like(values) if weight is None else weight
    share = share / share.sum().clamp_min(torch.finfo(values.dtype).tiny)
    first = soft_ranks(values, share, width)
    second = better(score(target, values)) @ share
    first, second = first - share @ first, second - share @ second
    wanted = share @ second.square()
    spread = wanted * (share @ first.square() + FLOOR * wanted)
    return 1 - share @ (first * second) / spread.clamp_min(torch.finfo(values.dtype).tiny).sqrt()


class Spearman(AnchoredRank):
    """Soft Spearman correlation with a Huber term."""

    def rank_loss(self, ranks: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """Give :func:`spearman_loss`."""
        return spearman_loss(ranks, target, weight)
