"""Quadratic-weighted kappa as a loss: agreement beyond chance, where far misses cost by their square."""

from __future__ import annotations

import torch
from torch import Tensor

from bidsapp.learning.ordinal.levels import distribution
from bidsapp.learning.ordinal.softmax import SoftmaxLoss


def kappa_loss(probabilities: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Give 1 - kappa of the soft confusion between predicted and true levels.

    The confusion adds up ``target_i * probability_j`` over patients, so that gradients exist; with one-hot
    probabilities it is the usual one and the loss is 1 - Cohen's kappa with quadratic weights. De la Torre,
    Puig, Valls 2018, Pattern Recognit Lett 105:144, doi:10.1016/j.patrec.2017.05.018; they take its
    logarithm. It belongs to a batch, not to a patient: batches must be large, best all patients.

    Parameters
    ----------
    probabilities
        Shape ``(n, K)``.
    target
        Levels, shape ``(n,)``, or distributions, shape ``(n, K)``.
    weight
        Of each patient, shape ``(n,)``.

    Returns
    -------
    Tensor
        A scalar, 0 (perfect) to 2; 0 where all truth and all predictions are one level, and where nobody has
        a weight.
    """
    levels = probabilities.shape[1]
    soft = distribution(target, levels, probabilities)
    share = torch.ones_like(soft[:, 0]) if weight is None else weight
    share = (share / share.sum().clamp_min(torch.finfo(soft.dtype).tiny))[:, None]
    place = torch.linspace(0, 1, levels, dtype=soft.dtype, device=soft.device)
    cost = (place[:, None] - place).square()
    observed = (share * (soft @ cost) * probabilities).sum()
    by_chance = (share * soft).sum(0) @ cost @ (share * probabilities).sum(0)
    return observed / by_chance.clamp_min(torch.finfo(soft.dtype).tiny)


class Kappa(SoftmaxLoss):
    """Kappa loss over the softmax of K logits."""

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Give :func:`kappa_loss`."""
        return kappa_loss(outputs.softmax(1), target, weight)
