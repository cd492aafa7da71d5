"""The target's score of many changed images, a few at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import torch
from torch import Tensor, nn

from bidsapp.explain.attribution import Target
from bidsapp.explain.copies import batch_copy


def scores_of(network: nn.Module, images: Iterable[Tensor], target: Target, *, batch: int = 1) -> list[float]:
    """Give the score of each image.

    Parameters
    ----------
    network, target
        As for :func:`bidsapp.explain.lrp.layerwise_relevance`.
    images
        Each of shape ``(1, channels, x, y, z)``; taken when needed, so that they need not all fit in memory.
    batch
        Images at a time; images of a batch do not see each other.
    """
    own = batch_copy(network)
    scores: list[float] = []
    with torch.no_grad():
        for group in _groups(iter(images), batch):
            scores.extend(target.score(own(torch.cat(group))).tolist())
    return scores


def _groups(images: Iterator[Tensor], size: int) -> Iterator[list[Tensor]]:
    while group := list(islice(images, size)):
        yield group
