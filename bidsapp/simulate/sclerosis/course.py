"""What each lesion is today and was at the last visit: active or not, how it enhances, how it changed.

What is published and followed here: 203 of 207 enhancing lesions were new or enlarged on scans without
contrast agent (the tie to the earlier scan). About two thirds of enhancing lesions enhance as nodules, a
quarter as rings, the rest as arcs and patches (He et al., AJNR 2001, 22:664-669). Rings are large, which
makes them rarer here: three of five lesions from 120 mm3 on are rings or arcs, but these are a third of the
drawn outlines (so 20 % rings and arcs) and an eighth of the real ones (7 %, six patients). What an active
lesion looks like without contrast agent (a halo, more signal on T2-weighted images, fewer black holes) is our
assumption: the two kinds overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

LARGEST_ACTIVE = 4000
SMALLEST_ACTIVE = 5
RING_FROM = 120
NEW_IF_ACTIVE = 203 / 207
NEW_IF_NOT = 0.06

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Course:
    """All of shape ``(x, y, z)``, in 0..1.

    Attributes
    ----------
    active
        Share of each voxel that belongs to an active lesion.
    enhancement
        How much of the contrast agent arrives.
    halo
        Oedema around active lesions.
    before
        Share of each voxel that was lesion at the earlier visit.
    """

    active: Tensor
    enhancement: Tensor
    halo: Tensor
    before: Tensor


def draw_course(rng: np.random.Generator, fraction: Tensor, *, share: float) -> Course:
    """Decide for each lesion whether it is active, how it enhances, and what it was before.

    Parameters
    ----------
    rng
        Source of randomness.
    fraction
        Share of each voxel that is lesion today, shape ``(x, y, z)``.
    share
        Probability that a lesion of 5 to 4000 mm3 is active.
    """
    today = fraction.numpy()
    labels, count = ndimage.label(today >= 0.5, structure=np.ones((3, 3, 3)))
    active, enhancement, halo = (np.zeros_like(today) for _ in range(3))
    before = today.copy()
    for box, label in zip(ndimage.find_objects(labels), range(1, count + 1), strict=True):
        wide = _widen(box, today.shape)
        own = ndimage.binary_dilation(labels[wide] == label)
        piece = np.where(own, today[wide], 0).astype(np.float32)
        size = int((piece >= 0.5).sum())
        chosen = SMALLEST_ACTIVE <= size <= LARGEST_ACTIVE and rng.random() < share
        if chosen:
            active[wide] = np.maximum(active[wide], piece)
            enhancement[wide] = np.maximum(enhancement[wide], enhance(rng, piece))
            halo[wide] = np.maximum(halo[wide], ndimage.gaussian_filter(piece, 1.5))
        changed = rng.random() < (NEW_IF_ACTIVE if chosen else NEW_IF_NOT)
        if changed:
            before[wide] = np.where(own, _earlier(rng, piece, active=chosen), before[wide])
    return Course(*(torch.from_numpy(item) for item in (active, enhancement, halo, before)))


def enhance(rng: np.random.Generator, piece: Array) -> Array:
    """Draw how a lesion takes up contrast agent: nodule, ring, open ring, or patches.

    Parameters
    ----------
    rng
        Source of randomness.
    piece
        Share of lesion in each voxel, in 0..1, shape ``(x, y, z)``; one lesion with a margin.

    Returns
    -------
    NDArray
        Uptake in 0..1, same shape; at least one voxel of the lesion takes up all.
    """
    size = int((piece >= 0.5).sum())
    kind = rng.random()
    if kind < 0.1:
        patches = ndimage.gaussian_filter(rng.standard_normal(piece.shape), 1.5)
        uptake = piece * (patches > np.median(patches[piece >= 0.5]))
    elif size >= RING_FROM and kind < 0.7:
        depth = ndimage.distance_transform_edt(piece >= 0.5)
        width = float(rng.uniform(0.8, 1.6))
        uptake = piece * np.exp(-(((depth - 1.0) / width) ** 2))
        if rng.random() < 0.5:
            uptake = uptake * _open(rng, piece)
    else:
        uptake = piece
    peak = float(uptake.max())
    return (uptake / peak if peak > 0 else piece).astype(np.float32)


def _open(rng: np.random.Generator, piece: Array) -> Array:
    """Take away one side of a ring: a soft half-space through the middle of the lesion."""
    direction = rng.standard_normal(3)
    direction /= np.linalg.norm(direction)
    axes = np.indices(piece.shape).astype(np.float32)
    centre = np.array([(axis * piece).sum() / piece.sum() for axis in axes])
    along = np.tensordot(direction, axes - centre[:, None, None, None], axes=1)
    opened: Array = (1 / (1 + np.exp(-(along + 1.0)))).astype(np.float32)
    return opened


def _earlier(rng: np.random.Generator, piece: Array, *, active: bool) -> Array:
    """Say what the lesion was: nothing (new), smaller (enlarged since), or larger (shrunk since)."""
    kind = rng.random()
    if kind < (0.75 if active else 0.4):
        return np.zeros_like(piece)
    if active or kind < 0.7:
        smaller = ndimage.distance_transform_edt(piece >= 0.5) - float(rng.uniform(1, 3))
        return np.asarray(np.minimum(piece, np.clip(smaller, 0, 1)), dtype=np.float32)
    return np.asarray(np.clip(2.5 * ndimage.gaussian_filter(piece, 1.0), 0, 1), dtype=np.float32)


def _widen(box: tuple[slice, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(max(0, s.start - 4), min(n, s.stop + 4)) for s, n in zip(box, shape, strict=True))
