"""The loss of one training example of the lesion network, and what a stage of the training optimises."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bidsapp.analyses.ms.examples import Batch
from bidsapp.learning import task_weights
from bidsapp.learning.lesion_loss import TASKS, Balance, TaskWeights, lesion_loss
from bidsapp.networks.dropout import kl


def batch_loss(
    network: nn.Module, batch: Batch, weights: TaskWeights, balance: Balance | None = None
) -> Tensor:
    """Give the loss of one example as `bidsapp.analyses.ms.examples.Examples` yields it."""
    shown, lesion, active, change, brain = batch
    output = network(shown.contiguous(memory_format=torch.channels_last_3d))
    lesion_mask, active_mask, added = (item if item.numel() else None for item in (lesion, active, change))
    return lesion_loss(output, lesion_mask, active_mask, added, brain, weights, balance)


class Learner(nn.Module):
    """The network and, where they are learned, the weights of its tasks: one module for one optimiser.

    Parameters
    ----------
    network
        `bidsapp.networks.lesions.lesion_network`, with dropout or without.
    weights
        Of the tasks; where they are learned, the first ones.
    learned
        Whether each task's weight follows its noise (`bidsapp.learning.task_weights.TaskWeights`).
    examples
        Number of examples that the stage shows. They are drawn anew at each step, so it is that of the steps;
        the divergence of learned dropout rates stands over it.
    """

    def __init__(self, network: nn.Module, weights: TaskWeights, *, learned: bool, examples: int) -> None:
        super().__init__()
        self.network = network
        self.weights = weights
        self.balance = task_weights.TaskWeights(TASKS) if learned else None
        self.examples = examples

    def forward(self, batch: Batch) -> Tensor:
        """Give the loss of one example."""
        return batch_loss(self.network, batch, self.weights, self.balance) + kl(self.network) / self.examples
