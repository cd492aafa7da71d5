"""From files to an endless, reproducible stream of training examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from bidsapp.errors import BadDataError
from bidsapp.images.grids import isotropic_grid, resample, to_closest_ras
from bidsapp.images.volume import Volume, read_volume
from bidsapp.learning.turns import turn_of_process
from bidsapp.simulate.classes import head_classes
from bidsapp.simulate.heads import GRID_MM, Example, random_head, random_scan

COARSE_CROP = (64, 80, 80)
COARSE_SPACING = 1.5
COARSE_SHARE = 0.15
LABELS, CLINICAL = 0, 1

Pair = tuple[Tensor, Tensor]
Batch = tuple[Tensor, Tensor, Tensor, Tensor]


def read_head(image: Path, dseg: Path) -> Pair:
    """Read a T1w and its MUSE label map as 8-bit grey values and anatomical classes, 2 mm, RAS.

    Raises
    ------
    BadDataError
        The two have different grids, or the label map is empty or not of MUSE labels.
    """
    first, second = read_volume(image), read_volume(dseg)
    if not first.grid.same_as(second.grid, tolerance=0.01):
        raise BadDataError(f"{dseg} is not on the grid of {image}; resample the label map to the image.")
    if not 0 < second.data.max() < 256:
        raise BadDataError(f"{dseg} holds no MUSE labels (whole numbers from 1 to 255).")
    grey, labels = _to_grid(first), _to_grid(second, labels=True)
    classes = head_classes(grey, labels.astype(np.uint8))
    return torch.from_numpy(_to_bytes(grey, classes > 0)), torch.from_numpy(classes)


def read_scan(image: Path, mask: Path) -> Pair:
    """Read a scan and its outlined brain (same grid) as 8-bit grey values and 0 or 1, 2 mm, RAS.

    Raises
    ------
    BadDataError
        The two have different grids, or the mask is empty.
    """
    first, second = read_volume(image), read_volume(mask)
    if not first.grid.same_as(second.grid, tolerance=0.01):
        raise BadDataError(f"{mask} is not on the grid of {image}; resample the mask to the image.")
    if not second.data.any():
        raise BadDataError(f"{mask} is empty; outline the brain or leave the scan out.")
    grey, brain = _to_grid(first), _to_grid(second) >= 0.5
    pixels = _to_bytes(grey, grey > 0.02 * grey.max())
    return torch.from_numpy(pixels), torch.from_numpy(brain.astype(np.uint8))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which examples come at which step; see ``data/recipes/brain.toml``."""

    steps: int
    coarse_steps: int
    clinical_from: int
    clinical_share: float
    real_share: float
    still_share: float
    crop: tuple[int, int, int]
    examples_per_step: int
    seed: int


class Examples(IterableDataset[Batch]):
    """The examples of every step from ``start`` on; step and turn alone decide what is drawn."""

    def __init__(self, heads: list[Pair], scans: list[Pair], plan: Plan, start: int = 0) -> None:
        self.heads, self.scans, self.plan, self.start = heads, scans, plan, start

    def __iter__(self) -> Iterator[Batch]:
        """Yield image, tissue (empty where unknown), brain, and the definition of its border.

        Several processes take turns within a step.
        """
        first, processes = turn_of_process()
        for step in range(self.start, self.plan.steps):
            shared = np.random.default_rng([self.plan.seed, step])
            size = self._size(shared.random(), coarse=step < self.plan.coarse_steps)
            clinical = step >= self.plan.clinical_from and shared.random() < self.plan.clinical_share
            for turn in range(first, self.plan.examples_per_step, processes):
                rng = np.random.default_rng([self.plan.seed, step, turn])
                example = self._draw(rng, size, clinical=clinical and bool(self.scans))
                tissue = example.tissue if example.tissue is not None else torch.zeros(0)
                definition = torch.tensor(LABELS if example.tissue is not None else CLINICAL)
                yield example.image, tissue, example.brain, definition

    def _size(self, chance: float, *, coarse: bool) -> tuple[int, int, int]:
        x, y, z = self.plan.crop
        if coarse or chance < COARSE_SHARE:
            return COARSE_CROP
        if chance < 0.65:
            return x - 16, y - 16, z - 16
        return (x, y, z) if chance < 0.95 else (x + 16, y + 16, z + 16)

    def _draw(self, rng: np.random.Generator, size: tuple[int, int, int], *, clinical: bool) -> Example:
        spacing = COARSE_SPACING if size == COARSE_CROP else 1.0
        if clinical:
            image, brain = self.scans[int(rng.integers(len(self.scans)))]
            return random_scan(rng, image, brain, size=size, spacing=spacing)
        image, classes = self.heads[int(rng.integers(len(self.heads)))]
        return random_head(
            rng,
            image,
            classes,
            size=size,
            spacing=spacing,
            real=self.plan.real_share,
            still=self.plan.still_share,
        )


def _to_grid(volume: Volume, *, labels: bool = False) -> NDArray[np.float32]:
    ras = to_closest_ras(volume)
    grid = isotropic_grid(ras.grid, GRID_MM)
    if ras.grid.same_as(grid, tolerance=0.01):
        return ras.data
    return resample(ras, grid, interpolation="nearest" if labels else "linear").data


def _to_bytes(grey: NDArray[np.float32], head: NDArray[np.bool_]) -> NDArray[np.uint8]:
    top = float(np.percentile(grey[head], 99.6)) if head.any() else 1.0
    scaled: NDArray[np.uint8] = (np.clip(grey / max(top, 1e-6), 0, 1) * 255).astype(np.uint8)
    return scaled
