"""Occlusion (Zeiler and Fergus 2014): what the network no longer sees when a part of the image is covered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, product

import torch
from torch import Tensor, nn

from bidsapp.explain.attribution import Attribution, Target
from bidsapp.explain.baselines import Baseline, blurred_baseline
from bidsapp.explain.scoring import scores_of

Region = tuple[slice, slice, slice]


def occlusion(
    network: nn.Module,
    image: Tensor,
    target: Target,
    *,
    side: int = 8,
    stride: int = 4,
    reach: int = 8,
    baseline: Baseline = blurred_baseline,
    batch: int = 1,
) -> Attribution:
    """Slide a box over each channel and map by how much the score falls.

    Parameters
    ----------
    network, image, target
        As for :func:`bidsapp.explain.lrp.layerwise_relevance`.
    side, stride
        Of the box, in voxels.
    reach
        Boxes cover the lesion and so many voxels around it; further out the map is zero. One forward pass for
        each box and channel that the baseline changes.
    baseline
        What a covered box shows.
    batch
        Images at a time; only memory and time depend on it.

    Returns
    -------
    Attribution
        Mean fall of the score over the boxes that cover a voxel.

    Raises
    ------
    ValueError
        The target is a number of the whole image: there is no lesion that boxes could stay close to.
    """
    if target.weights.ndim != 3:
        raise ValueError(
            "Boxes slide around a lesion; for a number of the image occlude regions of an atlas."
        )
    image = image.detach()
    covered = baseline(image)
    places = [
        (channel, box)
        for box in _boxes(target, side, stride, reach)
        for channel in range(image.shape[1])
        if not torch.equal(image[0, channel][box], covered[0, channel][box])
    ]
    total, count = torch.zeros_like(image[0]), torch.zeros_like(image[0])
    for box in _boxes(target, side, stride, reach):
        count[(slice(None), *box)] += 1
    images = (_with_box(image, covered, channel, box) for channel, box in places)
    drops = _falls(network, image, target, images, batch)
    for (channel, box), drop in zip(places, drops, strict=True):
        total[channel][box] += drop
    return Attribution(total / count.clamp(min=1))


def _boxes(target: Target, side: int, stride: int, reach: int) -> Iterator[Region]:
    starts: list[Sequence[int]] = []
    for places, size in zip(target.weights.nonzero().T, target.weights.shape, strict=True):
        first = max(0, int(places.min()) - reach)
        last = min(size, int(places.max()) + 1 + reach)
        starts.append(range(first, max(first + 1, last - side + stride), stride))
    for corner in product(*starts):
        x, y, z = (slice(start, start + side) for start in corner)
        yield x, y, z


def _with_box(image: Tensor, covered: Tensor, channel: int, box: Region) -> Tensor:
    changed = image.clone()
    changed[0, channel][box] = covered[0, channel][box]
    return changed


def _falls(
    network: nn.Module, image: Tensor, target: Target, images: Iterator[Tensor], batch: int
) -> list[float]:
    whole, *changed = scores_of(network, chain([image], images), target, batch=batch)
    return [whole - score for score in changed]
