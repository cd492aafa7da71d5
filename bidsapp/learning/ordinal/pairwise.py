"""Rank losses over pairs: who of two patients is better; the score itself is held by a Huber term."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from bidsapp.learning.ordinal.anchored import AnchoredRank
from bidsapp.learning.ordinal.levels import exceedance, score


def better(target: Tensor) -> Tensor:
    """Give the probability that patient i is above patient j, ties as one half, shape ``(n, n)``.

    Parameters
    ----------
    target
        Scores, shape ``(n,)``, or distributions over levels, shape ``(n, K)``, taken as independent.
    """
    if target.ndim == 1:
        return 0.5 * (1 + torch.sign(target[:, None] - target))
    above = torch.nn.functional.pad(exceedance(target), (0, 1))
    strictly = above @ target.T  # P(y_i > y_j)
    return 0.5 * (1 + strictly - strictly.T)


def ranknet_loss(ranks: Tensor, target: Tensor, weight: Tensor | None = None, width: float = 0.5) -> Tensor:
    """Give the cross-entropy of "i is above j" over all pairs (RankNet: Burges et al. 2005, ICML).

    Parameters
    ----------
    ranks
        One number a patient, shape ``(n,)``.
    target
        As in :func:`better`.
    weight
        Of each patient; a pair has the product.
    width
        Of the logistic law: differences in ``ranks`` that count as one logit.
    """
    logit = (ranks[:, None] - ranks) / width
    return _pairs(softplus(logit) - better(target.to(ranks)) * logit, weight)


def hinge_rank_loss(
    ranks: Tensor, target: Tensor, weight: Tensor | None = None, margin: float = 0.5
) -> Tensor:
    """Give how far pairs of unlike scores fall short of a margin (Herbrich et al. 2000).

    Parameters are those of :func:`ranknet_loss`; the margin is a difference in ``ranks``. Soft labels count
    as their means, and pairs with equal ones do not count.
    """
    value = score(target, ranks)
    above = (value[:, None] > value).to(ranks)
    short = (margin - (ranks[:, None] - ranks)).clamp_min(0)
    return _pairs(above * short, weight, above)


def _pairs(each: Tensor, weight: Tensor | None, counted: Tensor | None = None) -> Tensor:
    share = torch.ones_like(each[0]) if weight is None else weight
    pair = share[:, None] * share
    pair = pair - pair.diag().diag() if counted is None else pair * counted
    return (pair * each).sum() / pair.sum().clamp_min(torch.finfo(each.dtype).tiny)


class RankNet(AnchoredRank):
    """:func:`ranknet_loss` with a Huber term."""

    def rank_loss(self, ranks: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """Give :func:`ranknet_loss`."""
        return ranknet_loss(ranks, target, weight)


class HingeRank(AnchoredRank):
    """:func:`hinge_rank_loss` with a Huber term."""

    def rank_loss(self, ranks: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """Give :func:`hinge_rank_loss`."""
        return hinge_rank_loss(ranks, target, weight)
