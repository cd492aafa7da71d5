"""The loss of one training example of the lesion network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bidsapp.analyses.ms.examples import Batch
from bidsapp.learning.lesion_loss import TaskWeights, lesion_loss


def batch_loss(network: nn.Module, batch: Batch, weights: TaskWeights) -> Tensor:
    """Give the loss of one example as `bidsapp.analyses.ms.examples.Examples` yields it."""
    shown, lesion, active, change, brain = batch
    output = network(shown.contiguous(memory_format=torch.channels_last_3d))
    lesion_mask, active_mask, added = (item if item.numel() else None for item in (lesion, active, change))
    return lesion_loss(output, lesion_mask, active_mask, added, brain, weights)
