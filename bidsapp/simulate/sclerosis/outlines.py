"""Where lesions lie and how they are outlined: real patients moved into a healthy head, and blobs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from bidsapp.simulate.sclerosis.anatomy import Anatomy, Region, sample_channels
from bidsapp.simulate.sclerosis.bank import PRIOR_SIGMA_MM
from bidsapp.simulate.sclerosis.neighbourhood import largest_around, mean_around
from bidsapp.simulate.warp import smooth_field

REACH_MM = 3.0
FEWER = 0.4
"""Share of patients who keep only some of their lesions: real ones can have very few."""


@dataclass(frozen=True, eq=False)
class LesionMasks:
    """Lesion masks of real patients in MNI space.

    Attributes
    ----------
    names
        Whose they are.
    masks
        One for each patient, uint8, shape ``(x, y, z)``, all on one grid.
    to_voxel
        4x4 matrix from MNI mm (RAS) to voxels of the masks, float32.
    """

    names: tuple[str, ...]
    masks: tuple[Tensor, ...]
    to_voxel: Tensor

    def without(self, names: Collection[str]) -> LesionMasks | None:
        """Leave patients out; ``None`` when nobody is left."""
        kept = [place for place, name in enumerate(self.names) if name not in names]
        if not kept:
            return None
        return LesionMasks(
            tuple(self.names[i] for i in kept), tuple(self.masks[i] for i in kept), self.to_voxel
        )


def transfer(rng: np.random.Generator, anatomy: Anatomy, real: LesionMasks) -> Tensor:
    """Move the lesions of a random patient into a head, by their MNI coordinates.

    Half of the patients are mirrored; all are shifted and bent by a few mm; some keep only a part of their
    lesions. Lesions spare CSF and what is outside of the brain.

    Returns
    -------
    Tensor
        Share of each voxel that is lesion, in 0..1, shape ``(x, y, z)``.
    """
    mask = real.masks[int(rng.integers(len(real.masks)))]
    where = anatomy.position.clone()
    if rng.random() < 0.5:
        where[0] = -where[0]
    where += torch.from_numpy(rng.normal(0, REACH_MM / 2, 3).astype(np.float32))[:, None, None, None]
    where += smooth_field(rng, 3, int(rng.integers(4, 10)), anatomy.shape) * float(rng.uniform(0, REACH_MM))
    fraction = sample_channels(mask[None], _voxels(real, where))[0] * room(anatomy)
    return _thin(rng, fraction) if rng.random() < FEWER else fraction


def density(real: LesionMasks) -> Tensor:
    """Give how often a lesion lies in each voxel of the masks (1 mm), smoothed, shape ``(x, y, z)``."""
    count = torch.zeros(real.masks[0].shape)
    for mask in real.masks:
        count += mask
    return torch.from_numpy(ndimage.gaussian_filter(count.numpy(), PRIOR_SIGMA_MM, truncate=3))


def density_at(position: Tensor, real: LesionMasks, often: Tensor) -> Tensor:
    """Read `density` (``often``) at MNI coordinates in mm (RAS), shape ``(3, x, y, z)``; 0 outside."""
    return sample_channels(often[None], _voxels(real, position))[0]


def scatter(rng: np.random.Generator, anatomy: Anatomy, count: int) -> Tensor:
    """Grow ``count`` uneven ellipsoids in white matter, more of them near the ventricles.

    Their diameters follow a log-normal law with a median of 4 mm and 16 % above 8 mm.

    Returns
    -------
    Tensor
        As :func:`transfer` gives it.
    """
    fraction = torch.zeros(anatomy.shape)
    weights = _preference(anatomy).flatten().double().numpy()
    if count == 0 or weights.sum() <= 0:
        return fraction
    edges = np.cumsum(weights)
    seeds = np.searchsorted(edges, rng.random(count) * edges[-1], side="right").clip(max=weights.size - 1)
    uneven = smooth_field(rng, 1, 24, anatomy.shape)[0]
    for seed in seeds:
        centre = np.array(np.unravel_index(int(seed), anatomy.shape))
        radii = 2.0 * np.exp(rng.normal(0, 0.7)) * np.exp(rng.normal(0, 0.25, 3))
        _grow(fraction, centre, radii.clip(1.0, 9.0), uneven)
    return fraction * room(anatomy)


def _thin(rng: np.random.Generator, fraction: Tensor) -> Tensor:
    """Take away most lesions, each with its border."""
    labels, count = ndimage.label(fraction.numpy() > 0.1, structure=np.ones((3, 3, 3)))
    kept = np.concatenate([[False], rng.random(count) < rng.uniform(0, 0.5)])
    return fraction * torch.from_numpy(kept[labels])


def spread(rng: np.random.Generator, anatomy: Anatomy, fraction: Tensor) -> Tensor:
    """Let lesions grow together through white matter by 1 to 4 mm, as in long disease."""
    grown = mean_around(largest_around(fraction, int(rng.choice([3, 5, 7, 9]))), 3)
    uneven = smooth_field(rng, 1, int(rng.integers(8, 16)), anatomy.shape)[0]
    edge = (3 * (grown * (1 + 0.3 * uneven) - 0.5) + 0.5).clamp(0, 1)
    return torch.maximum(fraction, edge * anatomy.wm)


def room(anatomy: Anatomy) -> Tensor:
    """Give the share of each voxel that a lesion may take: brain that is not fluid."""
    inside = (anatomy.gm + anatomy.wm).clamp(0, 1)
    return torch.where(anatomy.region == int(Region.VENTRICLES), torch.zeros_like(inside), inside)


def _voxels(real: LesionMasks, position: Tensor) -> Tensor:
    """Turn MNI coordinates ``(3, x, y, z)`` into voxel coordinates of the masks, ``(x, y, z, 3)``."""
    return torch.einsum("ij,jxyz->xyzi", real.to_voxel[:3, :3], position) + real.to_voxel[:3, 3]


def _preference(anatomy: Anatomy) -> Tensor:
    """How readily a lesion starts: in white matter, five times so within 5 mm of a ventricle."""
    near = largest_around((anatomy.region == int(Region.VENTRICLES)).float(), 11)
    return torch.where(anatomy.wm > 0.6, 1 + 4 * near, torch.zeros_like(near))


def _grow(fraction: Tensor, centre: NDArray[np.intp], radii: NDArray[np.float64], uneven: Tensor) -> None:
    """Add one ellipsoid with a border of one voxel, in place; ``radii`` in voxels."""
    reach = np.ceil(1.6 * radii + 1).astype(int)
    box = tuple(
        slice(max(0, int(c - r)), min(n, int(c + r) + 1))
        for c, r, n in zip(centre, reach, fraction.shape, strict=True)
    )
    axes = [
        (torch.arange(s.start, s.stop) - float(c)) / float(r)
        for s, c, r in zip(box, centre, radii, strict=True)
    ]
    x, y, z = torch.meshgrid(*axes, indexing="ij")
    distance = (x**2 + y**2 + z**2).sqrt() * torch.exp(0.25 * uneven[box])
    inside = ((1 - distance) * float(radii.mean()) + 0.5).clamp(0, 1)
    fraction[box] = torch.maximum(fraction[box], inside)
