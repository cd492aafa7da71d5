"""Does the map depend on what the network learned? (Adebayo et al. 2018, arXiv:1810.03292)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from bidsapp.explain.attribution import Attribute, Target
from bidsapp.explain.checks import Check
from bidsapp.explain.copies import own_copy

LIMIT = 0.5
_SAMPLE = 200_000


@dataclass(frozen=True)
class Cascade:
    """Similarity to the network's own map, step by step; the last step has no learned weight left.

    Attributes
    ----------
    layers
        Number of layers randomised so far, from the output down.
    similarity
        Mean over draws of the size of Spearman's correlation.
    """

    layers: tuple[int, ...]
    similarity: tuple[float, ...]


def randomisation(
    attribute: Attribute,
    network: nn.Module,
    image: Tensor,
    target: Target,
    *,
    relevance: Tensor,
    seed: int,
    limit: float = LIMIT,
    steps: int = 1,
    draws: int = 2,
) -> Check:
    """Check that the map changes when the weights are made random.

    Parameters
    ----------
    attribute, network, image, target
        What made the map.
    relevance
        The map, shape ``(channels, x, y, z)``.
    seed
        Of the random weights.
    limit
        Largest similarity to the map of the network with all weights random, see `Cascade`.
    steps, draws
        See :func:`cascade`.
    """
    found = cascade(
        attribute, network, image, target, relevance=relevance, seed=seed, steps=steps, draws=draws
    )
    value = found.similarity[-1]
    course = ", ".join(
        f"{rho:.2f} after {layers}" for layers, rho in zip(found.layers, found.similarity, strict=True)
    )
    sentence = (
        f"The map of a network with random weights has a rank correlation of {value:.2f} with this one "
        f"(at most {limit:.2f} may be; layers from the output down: {course})."
    )
    return Check("randomisation", value, limit, value <= limit, sentence)


def cascade(
    attribute: Attribute,
    network: nn.Module,
    image: Tensor,
    target: Target,
    *,
    relevance: Tensor,
    seed: int,
    steps: int,
    draws: int,
) -> Cascade:
    """Randomise layers from the output down and compare the maps.

    Parameters
    ----------
    steps
        In how many equal parts the layers are randomised; 1 for all at once.
    draws
        Random networks for each step, as a single one may resemble the map by chance.
    """
    ordered = weighted_layers(network, image)[::-1]
    numbers = [round(len(ordered) * step / steps) for step in range(1, steps + 1)]
    similarity = np.zeros((draws, steps))
    for draw in range(draws):
        for step, number in enumerate(numbers):
            changed = randomised(network, ordered[:number], seed=seed + draw)
            other = attribute(changed, image, target).relevance
            similarity[draw, step] = abs(rank_correlation(relevance, other))
    return Cascade(tuple(numbers), tuple(similarity.mean(axis=0).tolist()))


def weighted_layers(network: nn.Module, image: Tensor) -> list[str]:
    """Give the names of the modules that have weights, in the order in which the network uses them."""
    own = own_copy(network)
    names: dict[str, None] = {}
    for name, module in own.named_modules():
        if any(True for _ in module.parameters(recurse=False)):
            module.register_forward_pre_hook(lambda _module, _given, name=name: names.update({name: None}))
    with torch.no_grad():
        own(image)
    return list(names)


def randomised(network: nn.Module, layers: list[str], *, seed: int) -> nn.Module:
    """Copy a network and draw the weights of some layers anew, Gaussian, of the same root mean square."""
    own = own_copy(network)
    generator = torch.Generator().manual_seed(seed)
    for name in layers:
        for weight in own.get_submodule(name).parameters(recurse=False):
            drawn = torch.randn(weight.shape, generator=generator).to(weight)
            weight.data = drawn * weight.square().mean().sqrt()
    return own


def rank_correlation(first: Tensor, second: Tensor) -> float:
    """Give Spearman's correlation of two maps, 0 if one is flat.

    Voxels where both are zero (outside of the brain, or of what a method looks at) are left out; of very many
    voxels every n-th is taken.
    """
    either = (first != 0) | (second != 0)
    first, second = first[either], second[either]
    every = max(1, first.numel() // _SAMPLE)
    pair = [values[::every].cpu().numpy() for values in (first, second)]
    if any(np.unique(values).size < 2 for values in pair):
        return 0.0
    return float(spearmanr(*pair).statistic)
