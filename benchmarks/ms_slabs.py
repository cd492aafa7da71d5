"""Simulated patients in whole axial slices: the stream that a classifier of slices learns from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch import Tensor
from torch.utils.data import IterableDataset

from bidsapp.analyses.ms.channels import encode
from bidsapp.networks.slice_classifier import CHANNELS
from bidsapp.simulate.sclerosis.anatomy import HealthyHead, show
from bidsapp.simulate.sclerosis.examination import Examination, Severity, examine
from bidsapp.simulate.warp import random_points

WIDE_MM = (160, 192)
SLAB_MM = 24
EVERY = 3
SMALLEST_MM2 = 3


def draw_slab(
    rng: np.random.Generator,
    head: HealthyHead,
    depth: int,
    *,
    spread: float,
    wanted: Sequence[str] = CHANNELS,
) -> Examination:
    """Make a head ill and scan a slab of whole axial slices of 1 mm.

    Parameters
    ----------
    rng
        Source of randomness.
    head
        The healthy head.
    depth
        Number of slices.
    spread
        How far from the brain's middle the slab lies at most, as a share of half the brain's height.
    wanted
        Kinds of images.
    """
    inside = (head.tissue.amax(0) > 127).nonzero().float()
    low, high = inside.amin(0), inside.amax(0)
    centre = (low + high) / 2
    centre[2] += (high - low)[2] / 2 * float(rng.uniform(-spread, spread))
    size = (*WIDE_MM, depth)
    points = random_points(rng, size, centre, degrees=8, scale=0.05, elastic=1.5)
    anatomy = show(head, points, sharpness=float(rng.uniform(1, 3)))
    return examine(rng, anatomy, None, Severity(), wanted)


def slices_of(seen: Examination) -> Tensor:
    """Give the axial slices as the classifier takes them, shape ``(z, 3, x, y)``."""
    return encode(seen.images, seen.brain, CHANNELS)[: len(CHANNELS)].movedim(-1, 0).contiguous()


def enhancing(seen: Examination) -> Tensor:
    """Tell which axial slices hold 3 mm2 of an active lesion or more, shape ``(z,)``."""
    assert seen.active is not None
    return seen.active.sum((0, 1)) >= SMALLEST_MM2


class Slabs(IterableDataset[tuple[Tensor, Tensor]]):
    """Every third slice of a slab, mirrored in half of the cases, and which of them enhance, at each step."""

    def __init__(self, heads: list[HealthyHead], steps: int, seed: int, start: int = 0) -> None:
        self.heads, self.steps, self.seed, self.start = heads, steps, seed, start

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield slices, shape ``(8, 3, x, y)``, and 0 or 1 for each; the step alone decides what is drawn."""
        for step in range(self.start, self.steps):
            rng = np.random.default_rng([self.seed, 0, step])
            head = self.heads[int(rng.integers(len(self.heads)))]
            seen = draw_slab(rng, head, SLAB_MM, spread=0.6)
            slices = slices_of(seen)[::EVERY]
            yield slices.flip(2) if rng.random() < 0.5 else slices, enhancing(seen)[::EVERY].float()
