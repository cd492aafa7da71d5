"""Pairs of co-located patches, or slices, of two controls: an endless, reproducible stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from bidsapp.analyses.anomaly.representations.batch import Batch
from bidsapp.networks.patches import patches_at
from bidsapp.networks.surroundings import pooled_volume, positions_of, surroundings_at


class PatchPairs(IterableDataset[Batch]):
    """Batches of pairs; each batch shows a few couples of people, at random places of the brain.

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
    context
        Give surroundings and positions too; this keeps a pooled copy of the volumes in memory.
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
        context: bool = False,
    ) -> None:
        self.volumes, self.places, self.dimensions = volumes, places, dimensions
        self.pairs, self.people, self.steps, self.seed, self.start = pairs, people, steps, seed, start
        self.pooled = [pooled_volume(volume, dimensions) for volume in volumes] if context else None

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches."""
        for number, rng in _numbered(self.seed, self.start, self.steps):
            couples = [rng.choice(len(self.volumes), 2, replace=False).tolist() for _ in range(self.people)]
            share = self.pairs // self.people
            places = [
                self.places[torch.from_numpy(rng.integers(len(self.places), size=share))] for _ in couples
            ]
            yield self._batch(number, couples, places)

    def _batch(self, number: int, couples: list[list[int]], places: list[Tensor]) -> Batch:
        shown = list(zip(couples, places, strict=True))

        def each(cut: Callable[[int, Tensor], Tensor]) -> Tensor:
            return torch.cat([torch.stack([cut(who, at) for who in both]) for both, at in shown], dim=1)

        pairs = each(lambda who, at: patches_at(self.volumes[who], at, self.dimensions))
        if self.pooled is None:
            return Batch(pairs, number)
        pooled = self.pooled
        surroundings = each(lambda who, at: surroundings_at(pooled[who], at, self.dimensions))
        return Batch(pairs, number, surroundings, positions_of(torch.cat(places), self.volumes.shape[2:]))


class SlicePairs(IterableDataset[Batch]):
    """Batches of pairs of axial slices: the same level of the brain of two people, drawn anew for each pair.

    Parameters
    ----------
    volumes
        Shape ``(subjects, channels, x, y, z)``.
    levels
        Indices along z to draw from.
    pairs, steps, seed, start
        As for `PatchPairs`.
    """

    def __init__(
        self, volumes: Tensor, levels: Tensor, *, pairs: int, steps: int, seed: int, start: int = 0
    ) -> None:
        self.volumes, self.levels = volumes, levels
        self.pairs, self.steps, self.seed, self.start = pairs, steps, seed, start

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches."""
        for number, rng in _numbered(self.seed, self.start, self.steps):
            levels = self.levels[torch.from_numpy(rng.integers(len(self.levels), size=self.pairs))].tolist()
            couples = [rng.choice(len(self.volumes), 2, replace=False).tolist() for _ in levels]
            slices = [
                torch.stack([self.volumes[who, ..., level] for who in couple])
                for couple, level in zip(couples, levels, strict=True)
            ]
            yield Batch(torch.stack(slices, dim=1), number)


def _numbered(seed: int, start: int, steps: int) -> Iterator[tuple[int, np.random.Generator]]:
    for number in range(start, steps):
        yield number, np.random.default_rng([seed, number])
