"""What a scanner and the preprocessing do to each image of an examination."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bidsapp.simulate.acquire import add_noise, blur_axis, shade, thicken


@dataclass(frozen=True)
class Degradation:
    """How bad an image is.

    Attributes
    ----------
    thickness
        Edges of a voxel in mm; where the grid is finer, the image is interpolated.
    noise
        Standard deviation of Rician noise, as a share of white matter.
    bias
        Strength of the shading that bias correction has left (log units).
    ghost
        Weight of the ghosts that motion makes along the second axis.
    shift
        Error of registration along each axis, in mm.
    level
        Error of the intensity scale: what white matter's median has become.
    """

    thickness: tuple[float, float, float] = (1.0, 1.0, 1.0)
    noise: float = 0.0
    bias: float = 0.0
    ghost: float = 0.0
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    level: float = 1.0


def draw_degradation(rng: np.random.Generator, name: str) -> Degradation:
    """Draw how an image of the kind ``name`` was scanned: T2w, FLAIR and PDw often in thick slices."""
    thickness = [1.0, 1.0, 1.0]
    if rng.random() < (0.2 if name == "T1w" else 0.45):
        axis = int(rng.choice(3, p=[0.2, 0.15, 0.65]))
        thickness[axis] = float(rng.uniform(2, 5))
    elif rng.random() < 0.4:
        thickness = [float(rng.uniform(1, 1.8))] * 3
    shift = rng.normal(0, 0.35, 3) * (name != "T1w")
    return Degradation(
        thickness=(thickness[0], thickness[1], thickness[2]),
        noise=float(rng.uniform(0, 0.06)),
        bias=float(rng.uniform(0, 0.15)),
        ghost=float(rng.uniform(0, 0.08)) if rng.random() < 0.15 else 0.0,
        shift=(float(shift[0]), float(shift[1]), float(shift[2])),
        level=float(np.exp(rng.normal(0, 0.06))),
    )


def scan(rng: np.random.Generator, image: Tensor, degradation: Degradation) -> Tensor:
    """Pass an image (1 mm, white matter = 1, shape ``(x, y, z)``) through a scanner."""
    image = thicken(_move(image, degradation.shift), degradation.thickness)
    if degradation.ghost > 0:
        step = int(rng.integers(6, 24))
        image = image + degradation.ghost * (image.roll(step, 1) + image.roll(-step, 1) - 2 * image)
    if degradation.bias > 0:
        image = shade(rng, image, degradation.bias)
    if degradation.noise > 0:
        image = add_noise(rng, image, degradation.noise)
        if rng.random() < 0.5:  # many scanners interpolate, which leaves smooth noise
            for axis in range(3):
                image = blur_axis(image, 0.5, axis)
    return image * degradation.level


def _move(image: Tensor, shift: tuple[float, float, float]) -> Tensor:
    """Shift by parts of a voxel, linearly."""
    for axis, amount in enumerate(shift):
        whole = int(np.floor(amount))
        rest = amount - whole
        if amount:
            image = torch.lerp(image.roll(whole, axis), image.roll(whole + 1, axis), rest)
    return image
