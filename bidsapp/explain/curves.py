"""Does the network need what the map shows? Deletion and insertion curves (Petsiuk et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bidsapp.explain.attribution import Target
from bidsapp.explain.baselines import Baseline, blurred_baseline
from bidsapp.explain.checks import Check
from bidsapp.explain.scoring import scores_of

Array = NDArray[np.float64]

FRACTIONS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
BLOCK = 4


@dataclass(frozen=True)
class Curve:
    """Score against the fraction of blocks that were exchanged; 1 is the image's score, 0 the baseline's."""

    fractions: Array
    scores: Array

    @property
    def area(self) -> float:
        """Area under the curve."""
        return float(np.trapezoid(self.scores, self.fractions))


@dataclass(frozen=True)
class Perturbation:
    """Curves by the map's order, and by random orders, of one direction."""

    by_map: Curve
    by_chance: tuple[Curve, ...]

    @property
    def chance(self) -> float:
        """Mean area of the random orders."""
        return float(np.mean([curve.area for curve in self.by_chance]))


def deletion(
    network: nn.Module,
    image: Tensor,
    target: Target,
    *,
    relevance: Tensor,
    seed: int,
    baseline: Baseline = blurred_baseline,
) -> Check:
    """Check that the score falls faster when relevant blocks go first than in random order.

    Parameters are those of :func:`perturb`.
    """
    found = perturb(network, image, target, relevance=relevance, seed=seed, baseline=baseline, insert=False)
    return _judged("deletion", "falls", found.chance - found.by_map.area)


def insertion(
    network: nn.Module,
    image: Tensor,
    target: Target,
    *,
    relevance: Tensor,
    seed: int,
    baseline: Baseline = blurred_baseline,
) -> Check:
    """Check that the score rises faster when relevant blocks come first than in random order.

    Parameters are those of :func:`perturb`.
    """
    found = perturb(network, image, target, relevance=relevance, seed=seed, baseline=baseline, insert=True)
    return _judged("insertion", "rises", found.by_map.area - found.chance)


def perturb(
    network: nn.Module,
    image: Tensor,
    target: Target,
    *,
    relevance: Tensor,
    seed: int,
    insert: bool,
    baseline: Baseline = blurred_baseline,
    block: int = BLOCK,
    orders: int = 2,
) -> Perturbation:
    """Exchange more and more blocks of image and baseline, and follow the score.

    Parameters
    ----------
    network, image, target
        As for :func:`bidsapp.explain.lrp.layerwise_relevance`.
    relevance
        The map, shape ``(channels, x, y, z)``; a block counts with its sum.
    seed
        Of the random orders.
    insert
        From the baseline towards the image, not from the image towards the baseline.
    baseline
        What a deleted block shows; blocks that it does not change take no part.
    block
        Side of the cubes in voxels; each channel has its own.
    orders
        Number of random orders.
    """
    image = image.detach()
    ends = (baseline(image), image) if insert else (image, baseline(image))
    changed = _blocks((image != baseline(image)).to(image)[0], block) > 0
    ranked = _blocks(relevance.to(image), block)[changed].argsort(descending=True)
    generator = torch.Generator().manual_seed(seed)
    chance = [torch.randperm(ranked.numel(), generator=generator).to(ranked) for _ in range(orders)]
    images = (
        _mixed(ends, changed, order, fraction, block) for order in [ranked, *chance] for fraction in FRACTIONS
    )
    scores = np.array(scores_of(network, images, target)).reshape(1 + orders, -1)
    bottom, top = scores[0, [0, -1]] if insert else scores[0, [-1, 0]]
    heights = (scores - bottom) / (top - bottom) if top > bottom else np.full_like(scores, np.nan)
    by_map, *by_chance = (Curve(np.array(FRACTIONS), row) for row in heights)
    return Perturbation(by_map, tuple(by_chance))


def _judged(name: str, verb: str, gain: float) -> Check:
    if np.isnan(gain):
        sentence = (
            "The score of the image is no higher than that of the baseline: there is nothing to explain."
        )
        return Check(name, gain, 0.0, False, sentence)
    sentence = (
        f"With the blocks that the map names first, the score {verb} faster than in random order by an area "
        f"of {gain:.3f} (it must be above 0; 1 is the difference between image and baseline)."
    )
    return Check(name, gain, 0.0, gain > 0, sentence)


def _blocks(values: Tensor, block: int) -> Tensor:
    """Sum over cubes, shape ``(channels, x', y', z')``."""
    return nn.functional.avg_pool3d(values, block, ceil_mode=True, divisor_override=1)


def _mixed(
    ends: tuple[Tensor, Tensor], changed: Tensor, order: Tensor, fraction: float, block: int
) -> Tensor:
    """Exchange the first blocks of an order; ``changed`` tells which blocks the order counts."""
    chosen = torch.zeros_like(changed).flatten()
    places = changed.flatten().nonzero()[:, 0]
    chosen[places[order[: round(fraction * order.numel())]]] = True
    mask = chosen.reshape(changed.shape)
    for axis, size in zip((1, 2, 3), ends[0].shape[2:], strict=True):
        mask = mask.repeat_interleave(block, dim=axis).narrow(axis, 0, size)
    return torch.where(mask, ends[1], ends[0])
