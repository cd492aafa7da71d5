"""Heads of any contrast from one label map, so that a network learns anatomy and not a sequence.

Follows the idea of Billot et al., SynthSeg (Medical Image Analysis 2023,
https://doi.org/10.1016/j.media.2023.102789): every class of a label map gets a random intensity. Next to it,
the real image's grey values pass through random curves, which keeps the texture of real skulls and necks.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from bidsapp.simulate.classes import BRAIN, FIRST_OUTSIDE, N_CLASSES, SHELL, VESSEL_LIKE, WHITE
from bidsapp.simulate.warp import smooth_field

Mode = Literal["real", "curve", "classes"]


def paint(rng: np.random.Generator, image: Tensor, classes: Tensor, mode: Mode) -> Tensor:
    """Give a head a contrast.

    Parameters
    ----------
    rng
        Source of randomness.
    image
        Real T1w, within 0 and 1, shape ``(x, y, z)``.
    classes
        Anatomical classes of `bidsapp.simulate.classes`, integers of the same shape.
    mode
        ``real`` keeps the contrast (up to gamma), ``curve`` maps grey values through random curves, one for
        the brain and one for the rest, ``classes`` gives each class a random intensity.
    """
    if mode == "real":
        return image.clamp(0, 1) ** float(np.exp(rng.normal(0, 0.25)))
    if mode == "curve":
        return _recolour(rng, image, classes)
    return _recolour_classes(rng, classes, image)


def add_lesions(rng: np.random.Generator, image: Tensor, classes: Tensor) -> Tensor:
    """Add bright or dark blobs inside the white matter; labels stay as they are."""
    shape = tuple(image.shape)
    noise = smooth_field(rng, 1, int(rng.integers(10, 24)), shape)[0]
    where = (noise > float(rng.uniform(1.0, 1.9))) & torch.isin(classes, torch.tensor(WHITE))
    level = float(rng.uniform(0, 1.2))
    mix = float(rng.uniform(0.3, 1.0))
    return torch.where(where, image * (1 - mix) + level * mix, image)


def brighten_shell(rng: np.random.Generator, image: Tensor, classes: Tensor) -> Tensor:
    """Light up parts of meninges and vessels, as gadolinium or inflow does."""
    noise = smooth_field(rng, 1, int(rng.integers(8, 24)), tuple(image.shape))[0]
    where = torch.isin(classes, torch.tensor(VESSEL_LIKE)) & (noise > float(rng.uniform(0.3, 1.5)))
    return torch.where(where, torch.full_like(image, float(rng.uniform(0.7, 1.3))), image)


def _curve(rng: np.random.Generator) -> Tensor:
    knots = np.linspace(0, 1, int(rng.integers(3, 7)))
    values = rng.uniform(0, 1, knots.size)
    return torch.from_numpy(np.interp(np.linspace(0, 1, 256), knots, values).astype(np.float32))


def _recolour(rng: np.random.Generator, image: Tensor, classes: Tensor) -> Tensor:
    index = (image.clamp(0, 1) * 255).long()
    inside = torch.isin(classes, torch.tensor(BRAIN))
    painted = torch.where(inside, _curve(rng)[index], _curve(rng)[index])
    return _darken_air(rng, painted, classes)


def _recolour_classes(rng: np.random.Generator, classes: Tensor, image: Tensor) -> Tensor:
    means = torch.from_numpy(rng.uniform(0, 1, N_CLASSES).astype(np.float32))
    if rng.random() < 0.6:
        # real sequences show related tissues alike: draw one level for each group, and small offsets
        means = _grouped(rng)
    if rng.random() < 0.5:
        means[SHELL] = means[1] + float(rng.normal(0, 0.05))
    spread = torch.from_numpy(rng.uniform(0, 0.08, N_CLASSES).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(tuple(classes.shape), dtype=np.float32))
    texture = float(rng.uniform(-0.5, 0.5)) * (image - 0.5)
    index = classes.long()
    painted = means[index] + spread[index] * noise + texture
    return _darken_air(rng, painted.clamp(0, 1.5), classes)


def _grouped(rng: np.random.Generator) -> Tensor:
    levels = rng.uniform(0, 1, 3)
    group = np.array([0, 0, 0, 1, 1, 1, 1, 1, 2, 1, 2, 2, 2])
    means = rng.uniform(0, 1, N_CLASSES)
    means[:FIRST_OUTSIDE] = levels[group] + rng.normal(0, 0.06, FIRST_OUTSIDE)
    return torch.from_numpy(means.clip(0, 1).astype(np.float32))


def _darken_air(rng: np.random.Generator, painted: Tensor, classes: Tensor) -> Tensor:
    air = 0.0 if rng.random() < 0.85 else float(rng.uniform(0, 0.3))
    return torch.where(classes == 0, torch.full_like(painted, air), painted)
