"""Cumulative link: one latent score, cut by ordered thresholds; the proportional-odds model as a loss."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, pad

from bidsapp.learning.ordinal.base import weighted_mean
from bidsapp.learning.ordinal.levels import distribution
from bidsapp.learning.ordinal.thresholds import ThresholdLoss


def log_probabilities(latent: Tensor, thresholds: Tensor) -> Tensor:
    """Give the logarithm of the probability of each level under a logistic law.

    ``P(y <= k) = sigmoid(thresholds_k - latent)`` (McCullagh 1980, J R Stat Soc B 42:109). Differences of
    sigmoids are taken as ``sigmoid(a) sigmoid(-b) (1 - exp(b - a))``, which stays exact in the tails.

    Parameters
    ----------
    latent
        Shape ``(n, 1)``.
    thresholds
        Rising, shape ``(K - 1,)``.

    Returns
    -------
    Tensor
        Shape ``(n, K)``.
    """
    place = thresholds - latent
    below = pad(logsigmoid(place), (0, 1))
    above = pad(logsigmoid(-place), (1, 0))
    inside = pad(torch.log(-torch.expm1(-thresholds.diff())), (1, 1))
    return below + above + inside


class CumulativeLink(ThresholdLoss):
    """Negative log-likelihood of the proportional-odds model, nats; one output."""

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Give ``- sum_k q_k log p_k``, mean over patients."""
        soft = distribution(target, self.levels, outputs)
        return weighted_mean(-(soft * log_probabilities(outputs, self.thresholds())).sum(1), weight)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Give the probability between neighbouring thresholds."""
        return log_probabilities(outputs, self.thresholds()).exp()
