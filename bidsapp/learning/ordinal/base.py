"""What a loss for an ordinal score is: how many outputs it wants, what it costs, and what the outputs say."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class OrdinalLoss(nn.Module):
    """Loss over the outputs of any network, for a score with the levels 0 to ``levels - 1``.

    What belongs to the scale and not to the patient (thresholds, centre, spread) is held here; thresholds
    are parameters, to be trained with the network. Every loss takes hard labels and soft ones
    (:func:`bidsapp.learning.ordinal.soft_labels.soft_labels`).

    Parameters
    ----------
    levels
        Number of levels, K.

    Attributes
    ----------
    outputs
        Number of outputs that the network must have.

    Raises
    ------
    ValueError
        There are fewer than two levels.
    """

    outputs: int

    def __init__(self, levels: int) -> None:
        super().__init__()
        if levels < 2:
            raise ValueError(f"A score needs at least two levels, not {levels}")
        self.levels = levels

    def start(self, target: Tensor) -> Tensor:
        """Take the distribution of the training labels as starting point.

        Parameters
        ----------
        target
            Labels of the training patients, as in :meth:`loss`.

        Returns
        -------
        Tensor
            Bias of the last layer, shape ``(outputs,)``, with which the network says, for everyone, what is
            known without images.
        """
        raise NotImplementedError

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Give the mean loss.

        Parameters
        ----------
        outputs
            Of the network, shape ``(n, outputs)``.
        target
            Levels, shape ``(n,)``, or a probability of each level, shape ``(n, K)``.
        weight
            Of each patient, shape ``(n,)``, not negative; only ratios matter. All 1 where not given.

        Returns
        -------
        Tensor
            A scalar.
        """
        raise NotImplementedError

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Give the probability of each level, shape ``(n, K)``, rows that add up to 1."""
        raise NotImplementedError

    def expected(self, outputs: Tensor) -> Tensor:
        """Give the expected score, shape ``(n,)``."""
        return mean_level(self.probabilities(outputs))


def weighted_mean(values: Tensor, weight: Tensor | None) -> Tensor:
    """Give the mean over patients, shape ``(n,)``; 0 where nobody has a weight."""
    if weight is None:
        return values.mean()
    return (weight * values).sum() / weight.sum().clamp_min(torch.finfo(values.dtype).tiny)


def mean_level(probabilities: Tensor) -> Tensor:
    """Give the mean of distributions over levels, shape ``(n, K)`` to ``(n,)``."""
    levels = torch.arange(probabilities.shape[1], dtype=probabilities.dtype, device=probabilities.device)
    return probabilities @ levels


def median_level(probabilities: Tensor) -> Tensor:
    """Give the lowest level reached with probability one half: the guess with the least absolute error.

    >>> median_level(torch.tensor([[0.6, 0.1, 0.3], [0.2, 0.2, 0.6]]))
    tensor([0., 2.])
    """
    half = 0.5 - 8 * torch.finfo(probabilities.dtype).eps
    return (probabilities.cumsum(1) < half).sum(1).to(probabilities.dtype)
