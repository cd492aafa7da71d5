"""Training examples for the brain network: a random pose, contrast and acquisition of a labelled head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bidsapp.images.scaling import scale_grey_values
from bidsapp.simulate.acquire import (
    add_noise,
    blur_axis,
    random_thickness,
    random_view,
    shade,
    thicken,
)
from bidsapp.simulate.classes import BRAIN, TISSUE
from bidsapp.simulate.contrast import Mode, add_lesions, brighten_shell, paint
from bidsapp.simulate.warp import random_points, sample, whole_points

GRID_MM = 2.0


@dataclass(frozen=True)
class Example:
    """One training example; all of shape ``(x, y, z)``.

    Attributes
    ----------
    image
        Grey values as `bidsapp.images.scaling.scale_grey_values` scales them.
    tissue
        0 outside, 1 grey matter, 2 white matter, 3 CSF; or ``None`` where nobody drew tissues.
    brain
        True inside of the brain.
    """

    image: Tensor
    tissue: Tensor | None
    brain: Tensor


def random_head(
    rng: np.random.Generator,
    image: Tensor,
    classes: Tensor,
    *,
    size: tuple[int, int, int],
    spacing: float = 1.0,
    real: float = 0.5,
    still: float = 0.0,
) -> Example:
    """Draw an example from a T1w head and its classes.

    Parameters
    ----------
    rng
        Source of randomness.
    image
        T1w, 0..255, axes towards right, anterior, superior, 2 mm, shape ``(x, y, z)``.
    classes
        Anatomical classes (`bidsapp.simulate.classes`) on the same grid.
    size
        Shape of the example.
    spacing
        Voxel size of the example in voxels of the head.
    real
        Share of examples that keep the T1w contrast.
    still
        Share of those that also stay as they were scanned: moved by whole voxels only, so that nothing is
        interpolated, and with full resolution. Not where ``spacing`` is not 1.
    """
    mode: Mode = "real" if rng.random() < real else ("curve" if rng.random() < 0.5 else "classes")
    as_scanned = mode == "real" and spacing == 1 and rng.random() < still
    centre = _centre(rng, classes, size, spacing)
    points = whole_points(size, centre) if as_scanned else random_points(rng, size, centre, spacing=spacing)
    label = sample(classes, points, mode="nearest").to(torch.uint8)
    picture = sample(image, points) / 255
    picture = paint(rng, picture, label, mode)
    if rng.random() < 0.3:
        picture = add_lesions(rng, picture, label)
    if rng.random() < 0.25:
        picture = brighten_shell(rng, picture, label)
    if mode == "classes":
        picture = _soften(rng, picture)
    tissue = torch.from_numpy(TISSUE)[label.long()]
    brain = torch.isin(label, torch.tensor(BRAIN, dtype=torch.uint8))
    picture = _remove_parts(rng, picture, brain)
    example = Example(picture, tissue, brain)
    thick = 0.0 if as_scanned else 0.3 if mode == "real" else 0.75
    return _mirror(rng, acquire(rng, example, voxel_size=GRID_MM * spacing, thick=thick))


def random_scan(
    rng: np.random.Generator,
    image: Tensor,
    brain: Tensor,
    *,
    size: tuple[int, int, int],
    spacing: float = 1.0,
) -> Example:
    """Draw an example from a real scan whose brain was outlined but whose tissues were not."""
    centre = _centre(rng, brain, size, spacing)
    points = random_points(rng, size, centre, spacing=spacing, elastic=1.5)
    inside = sample(brain, points) >= 0.5
    picture = sample(image, points) / 255
    picture = picture.clamp(0, 1) ** float(np.exp(rng.normal(0, 0.2)))
    if rng.random() < 0.1:
        picture = _remove_parts(rng, picture, inside)
    thick = 0.3 if rng.random() < 0.7 else 0.75
    scan = Example(picture, None, inside)
    return _mirror(rng, acquire(rng, scan, voxel_size=GRID_MM * spacing, thick=thick))


def acquire(rng: np.random.Generator, example: Example, *, voxel_size: float, thick: float) -> Example:
    """Pass an example through a random scanner, which makes thicker slices in a share ``thick`` of all."""
    picture, brain, tissue = example.image, example.brain, example.tissue
    picture = shade(rng, picture, 0.4)
    if rng.random() < thick:
        picture = thicken(picture, random_thickness(rng, voxel_size))
    if rng.random() < 0.7:
        picture = add_noise(rng, picture, float(rng.uniform(0, 0.06)))
    if rng.random() < 0.25:
        view = random_view(rng, (picture.shape[0], picture.shape[1], picture.shape[2]))
        picture, brain = picture * view, brain & view
        tissue = tissue * view if tissue is not None else None
    scaled = torch.from_numpy(scale_grey_values(picture.numpy()))
    return Example(scaled, tissue, brain)


def _centre(rng: np.random.Generator, inside: Tensor, size: tuple[int, int, int], spacing: float) -> Tensor:
    where = ((inside > 0) & (inside < 13)).nonzero().float()
    centre = (where.amin(0) + where.amax(0)) / 2
    slack = torch.tensor(size) * spacing * 0.2
    return centre + torch.from_numpy(rng.uniform(-1, 1, 3).astype(np.float32)) * slack


def _soften(rng: np.random.Generator, picture: Tensor) -> Tensor:
    sigma = float(rng.uniform(0.3, 0.7))
    for axis in range(3):
        picture = blur_axis(picture, sigma, axis)
    return picture


def _remove_parts(rng: np.random.Generator, picture: Tensor, brain: Tensor) -> Tensor:
    """Strip the skull (sometimes with a rim left) or the face, as others do before they share a scan."""
    chance = rng.random()
    if chance < 0.12:
        keep = brain
        for _ in range(int(rng.integers(0, 3))):
            keep = torch.nn.functional.max_pool3d(keep[None].float(), 3, 1, 1)[0] > 0
        return picture * keep
    if chance < 0.35:
        where = brain.nonzero().float()
        if len(where) < 100:
            return picture
        low, high = where.amin(0), where.amax(0)
        axes = torch.meshgrid(*(torch.arange(n, dtype=torch.float32) for n in picture.shape), indexing="ij")
        slope = float(rng.uniform(0.3, 1.2))
        front = axes[1] - (low[1] + float(rng.uniform(0.55, 0.9)) * (high[1] - low[1]))
        below = (low[2] + float(rng.uniform(0.2, 0.5)) * (high[2] - low[2])) - axes[2]
        face = (front * slope + below > 0) & (front > 0) & (below > -10) & ~brain
        return picture * ~face
    return picture


def _mirror(rng: np.random.Generator, example: Example) -> Example:
    if rng.random() < 0.5:
        return example
    tissue = example.tissue.flip(0) if example.tissue is not None else None
    return Example(example.image.flip(0), tissue, example.brain.flip(0))
