"""Pairs of co-located patches of two controls: an endless, reproducible stream."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from bidsapp.networks.patches import patches_at


class PatchPairs(IterableDataset[Tensor]):
    """Batches of pairs; each batch shows two people, at random places of the brain.

    Parameters
    ----------
    volumes
        Shape ``(subjects, channels, x, y, z)``.
    places
        Voxel indices to draw from, shape ``(places, 3)``.
    dimensions
        2 or 3.
    pairs
        Pairs in a batch, from ``people`` couples of subjects.
    steps
        Batches in all.
    seed, start
        A batch depends on the seed and its number alone; ``start`` is the first one to give.
    """

    def __init__(
        self,
        volumes: Tensor,
        places: Tensor,
        *,
        dimensions: int,
        pairs: int,
        steps: int,
        seed: int,
        people: int = 4,
        start: int = 0,
    ) -> None:
        self.volumes, self.places, self.dimensions = volumes, places, dimensions
        self.pairs, self.people, self.steps, self.seed, self.start = pairs, people, steps, seed, start

    def __iter__(self) -> Iterator[Tensor]:
        """Yield batches of shape ``(2, pairs, channels, 15, 15[, 15])``."""
        for step in range(self.start, self.steps):
            rng = np.random.default_rng([self.seed, step])
            couples = [rng.choice(len(self.volumes), 2, replace=False) for _ in range(self.people)]
            share = self.pairs // self.people
            yield torch.cat([self._draw(rng, couple.tolist(), share) for couple in couples], dim=1)

    def _draw(self, rng: np.random.Generator, couple: list[int], count: int) -> Tensor:
        chosen = self.places[torch.from_numpy(rng.integers(len(self.places), size=count))]
        return torch.stack([patches_at(self.volumes[who], chosen, self.dimensions) for who in couple])
