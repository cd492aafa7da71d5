"""CORN: each question "above level k?" is asked only of those who are at least at k."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from bidsapp.learning.ordinal.base import OrdinalLoss, weighted_mean
from bidsapp.learning.ordinal.levels import distribution, exceedance, from_exceedance, shares


def corn_loss(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Give the negative log-likelihood of the chain of conditional answers, nats, mean over patients.

    Shi, Cao, Raschka 2023, Pattern Anal Appl 26:941, doi:10.1007/s10044-023-01181-9. For one-hot labels this
    is the likelihood of the continuation-ratio model; the paper divides by the number of questions asked
    instead of by the patients. A patient with a soft label is asked question k with the weight of its
    probability to be at least at k.

    Parameters
    ----------
    logits
        Of "above k, given at least k", k from 0 to K - 2, shape ``(n, K - 1)``.
    target
        Levels, shape ``(n,)``, or distributions, shape ``(n, K)``.
    weight
        Of each patient, shape ``(n,)``.
    """
    soft = distribution(target, logits.shape[1] + 1, logits)
    each = exceedance(soft) * logsigmoid(logits) + soft[:, :-1] * logsigmoid(-logits)
    return weighted_mean(-each.sum(1), weight)


class Corn(OrdinalLoss):
    """CORN over K - 1 outputs: ordered by the chain rule, without shared weights."""

    def __init__(self, levels: int) -> None:
        super().__init__(levels)
        self.outputs = levels - 1

    def start(self, target: Tensor) -> Tensor:
        """Give the logits of the observed conditional shares."""
        share = shares(target, self.levels, target.float())
        above = exceedance(share[None])[0]
        return torch.log(above / share[:-1])

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Give :func:`corn_loss`."""
        return corn_loss(outputs, target, weight)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Give the levels' probabilities by the products of the conditional ones."""
        return from_exceedance(logsigmoid(outputs).cumsum(1).exp())
