"""A healthy head as the generator needs it, and the piece of it that an example shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from bidsapp.simulate.warp import sample

STRIDE = 4


class Region(IntEnum):
    """Parts of the brain that differ in contrast or in how lesions lie; all else is ``CEREBRUM``."""

    CEREBRUM = 0
    VENTRICLES = 1
    THALAMUS = 2
    STRIATUM = 3
    PALLIDUM = 4
    BRAINSTEM = 5
    CEREBELLUM = 6


@dataclass(frozen=True, eq=False)
class HealthyHead:
    """A head without lesions on a 1 mm grid, axes towards right, anterior, superior; compact in memory.

    Attributes
    ----------
    t1w
        Grey values of the brain, 100 at the median of white matter, uint8, shape ``(x, y, z)``.
    tissue
        Probabilities of grey matter, white matter and CSF times 255, uint8, shape ``(3, x, y, z)``.
    region
        `Region` of each voxel, uint8, shape ``(x, y, z)``.
    position
        MNI coordinates (mm, RAS) of every fourth voxel, float32, shape ``(3, x / 4, y / 4, z / 4)``.
    scans
        Real images of other contrasts of this very head (white matter = 1, float16), by kind: these are
        shown as they are, and no contrast that is not there is painted.
    unsure
        True where a real head may have lesions that nobody marked: nothing is learned there.
    """

    t1w: Tensor
    tissue: Tensor
    region: Tensor
    position: Tensor
    scans: Mapping[str, Tensor] = field(default_factory=dict)
    unsure: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The piece of a head that an example shows; all of shape ``(x, y, z)``, ``position`` ``(3, x, y, z)``.

    Attributes
    ----------
    t1w
        Grey values, 1 at the median of white matter.
    gm, wm, csf
        Fractions of tissue, which add up to at most 1.
    region
        `Region` of each voxel.
    position
        MNI coordinates in mm, RAS.
    scans, unsure
        As of `HealthyHead`.
    """

    t1w: Tensor
    gm: Tensor
    wm: Tensor
    csf: Tensor
    region: Tensor
    position: Tensor
    scans: Mapping[str, Tensor] = field(default_factory=dict)
    unsure: Tensor | None = None

    @property
    def brain(self) -> Tensor:
        """True where at least half of the voxel is brain or fluid in it."""
        return self.gm + self.wm + self.csf >= 0.5

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along each axis."""
        x, y, z = self.t1w.shape
        return x, y, z


def show(head: HealthyHead, points: Tensor, *, sharpness: float = 1.0) -> Anatomy:
    """Sample a head where an example's voxels lie.

    Parameters
    ----------
    head
        The head.
    points
        Voxel coordinates in the head, shape ``(*size, 3)`` (`bidsapp.simulate.warp.random_points`).
    sharpness
        Power of the tissue probabilities: above 1 the borders between tissues are steeper than they were
        segmented.
    """
    low = points.amin((0, 1, 2)).floor().clamp_min(0).int().tolist()
    high = (points.amax((0, 1, 2)).ceil() + 2).clamp_min(2).int().tolist()
    box = tuple(slice(min(a, n - 2), b) for a, b, n in zip(low, high, head.t1w.shape, strict=True))
    near = points - torch.tensor([float(s.start) for s in box])
    maps = sample_channels(torch.cat([head.t1w[box][None], head.tissue[(slice(None), *box)]]), near)
    tissue = (maps[1:] / 255).clamp(0, 1)
    inside = tissue.sum(0)
    odds = tissue.clamp_min(1e-4) ** sharpness
    gm, wm, csf = odds / odds.sum(0) * inside
    return Anatomy(
        t1w=maps[0] / 100,
        gm=gm,
        wm=wm,
        csf=csf,
        region=sample(head.region[box], near, mode="nearest").to(torch.uint8),
        position=sample_channels(head.position, points / STRIDE, border=True),
        scans={name: sample_channels(image[box][None], near)[0] for name, image in head.scans.items()},
        unsure=sample(head.unsure[box], near, mode="nearest") > 0 if head.unsure is not None else None,
    )


def sample_channels(volume: Tensor, points: Tensor, *, border: bool = False) -> Tensor:
    """Read several volumes at voxel coordinates; outside they are 0, or as at the border.

    Parameters
    ----------
    volume
        Shape ``(channels, x, y, z)``.
    points
        Voxel coordinates, shape ``(*size, 3)``.
    border
        Whether voxels outside take the value at the border.

    Returns
    -------
    Tensor
        Shape ``(channels, *size)``, float32.
    """
    extent = torch.tensor(volume.shape[1:], dtype=torch.float32) - 1
    unit = (points / extent * 2 - 1).flip(-1)[None]
    padding = "border" if border else "zeros"
    return grid_sample(volume[None].float(), unit, padding_mode=padding, align_corners=True)[0]
