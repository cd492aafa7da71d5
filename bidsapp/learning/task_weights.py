"""Weights of several tasks in one loss, learned as the noise of each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

LIMIT = 4.0  # of the log variance: no task weighs more than 55 times, or less than 1/55 of, a fresh one


class TaskWeights(nn.Module):
    """Homoscedastic uncertainty of each task (Kendall et al. 2018, CVPR): ``exp(-s) loss + s / 2``.

    s is the logarithm of the task's variance, 0 at first. Its best value makes ``exp(-s)`` half of one over
    the mean loss: tasks that are hard or noisy weigh less. A log-likelihood that may fall below 0 would ask
    for an infinite weight, so s is kept within `LIMIT`.

    Its parameters learn with the network: put both in one module.

    Parameters
    ----------
    tasks
        Their names.
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__()
        self.places = nn.ParameterDict({task: nn.Parameter(torch.zeros(())) for task in tasks})

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Give the sum over the tasks that are labelled in a batch.

        A task without labels is left out of ``losses``: neither its loss nor its variance counts, else the
        variance would shrink with each batch that cannot speak against it.

        Parameters
        ----------
        losses
            A scalar for each labelled task.

        Returns
        -------
        Tensor
            A scalar.

        Raises
        ------
        ValueError
            A task is unknown, or none is labelled.
        """
        unknown = sorted(set(losses) - set(self.places.keys()))
        if unknown or not losses:
            raise ValueError(f"Losses must be of {sorted(self.places.keys())}, not {unknown or 'none'}")
        terms = []
        for task, loss in losses.items():
            log_variance = bounded(self.places[task])
            terms.append((-log_variance).exp() * loss + log_variance / 2)
        return torch.stack(terms).sum()

    def weights(self) -> dict[str, float]:
        """Give the weight of each task, 1 at first."""
        return {task: float((-bounded(place.detach())).exp()) for task, place in self.places.items()}


def bounded(value: Tensor, limit: float = LIMIT) -> Tensor:
    """Keep a value within minus and plus a limit by a tangent: about the same near 0, no gradient lost.

    A hard clip has no gradient beyond its ends, so that a weight which once gets there stays.
    """
    return limit * torch.tanh(value / limit)
