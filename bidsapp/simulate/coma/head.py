"""Healthy heads in standard space on a coarse grid: what a simulated injury is put into."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import UsageError
from bidsapp.images.grids import resample
from bidsapp.images.templates import Region, load_atlas, load_template, template_grid
from bidsapp.images.volume import Grid, Volume
from bidsapp.simulate.fields import Array

VOXEL_MM = 4.0
#: Uptake of FDG relative to grey matter; grey to white is 4 to 1 (as `bidsapp.simulate.pet`).
_WHITE_UPTAKE, _FLUID_UPTAKE = 0.25, 0.04


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """A healthy head; arrays of one shape ``(x, y, z)``, axes RAS, zero outside of the brain.

    Attributes
    ----------
    t1w
        Median of white matter is 1.
    gm, wm, csf
        Tissue fractions in 0-1.
    uptake
        Uptake of FDG, median of grey matter is 1.
    labels
        Index of the atlas region of each voxel; 0 for none.
    regions
        What the labels mean.
    grid
        Shape and affine.
    """

    t1w: Array
    gm: Array
    wm: Array
    csf: Array
    uptake: Array
    labels: NDArray[np.int16]
    regions: tuple[Region, ...]
    grid: Grid

    @property
    def brain(self) -> NDArray[np.bool_]:
        """Where there is brain, fluid included."""
        return (self.gm + self.wm + self.csf) > 0.5


def standard_grid(voxel_mm: float = VOXEL_MM) -> Grid:
    """Give the grid of heads: MNI152NLin2009cAsym from its first corner on, in whole cubic voxels.

    At 4 mm each voxel is a block of 2 x 2 x 2 voxels of the grid of 2 mm: shape (48, 57, 48).
    """
    fine = template_grid(2)
    x, y, z = (int(size * 2 // voxel_mm) for size in fine.shape)
    affine = np.diag([voxel_mm] * 3 + [1.0])
    affine[:3, 3] = fine.affine[:3, 3] - 1 + voxel_mm / 2
    return Grid((x, y, z), affine)


def as_head(volumes: Mapping[str, Volume], *, fdg: Volume | None = None, voxel_mm: float = VOXEL_MM) -> Head:
    """Make a head of a preprocessed healthy person.

    Parameters
    ----------
    volumes
        ``T1w``, ``GM`` and ``WM`` in standard space (MNI152NLin2009cAsym), on any grid.
    fdg
        Average FDG uptake of healthy people in standard space, any unit; without it, uptake follows tissue.
    voxel_mm
        Edge of a voxel of the head.

    Raises
    ------
    UsageError
        A volume is missing.
    UnavailableError
        The atlas is not installed.
    """
    missing = [name for name in ("T1w", "GM", "WM") if name not in volumes]
    if missing:
        raise UsageError(f"A healthy head for simulated patients lacks {', '.join(missing)}; give it.")
    grid = standard_grid(voxel_mm)
    sampled = {name: resample(volumes[name], grid).data for name in ("T1w", "GM", "WM")}
    labels, regions = _atlas(voxel_mm)
    gm, wm = np.clip(sampled["GM"], 0, 1), np.clip(sampled["WM"], 0, 1)
    brain = (gm + wm > 0.2) | (labels > 0)
    gm, wm = gm * brain, wm * brain
    csf = np.clip(brain - gm - wm, 0, 1).astype(np.float32)
    white = float(np.median(sampled["T1w"][wm > 0.9 * wm.max()]))
    head = Head(
        t1w=np.asarray(sampled["T1w"] * brain / white, dtype=np.float32),
        gm=gm,
        wm=wm,
        csf=csf,
        uptake=gm + np.float32(_WHITE_UPTAKE) * wm + np.float32(_FLUID_UPTAKE) * csf,
        labels=labels * brain,
        regions=regions,
        grid=grid,
    )
    return head if fdg is None else with_uptake(head, fdg)


def with_uptake(head: Head, fdg: Volume) -> Head:
    """Give the head with the uptake of an average FDG image in standard space, any unit."""
    sampled = resample(fdg, head.grid).data * head.brain
    grey = float(np.median(sampled[(head.gm > 0.7) & (sampled > 0)]))
    return replace(head, uptake=np.asarray(np.clip(sampled / grey, 0, None), dtype=np.float32))


@functools.cache
def average_head(voxel_mm: float = VOXEL_MM) -> Head:
    """Make the head of the installed template, with the tissue maps that nilearn carries (ICBM 2009).

    Returns
    -------
    Head
        Shared and read-only: the same object at each call.
    """
    from nilearn import datasets

    maps = {"GM": datasets.load_mni152_gm_template, "WM": datasets.load_mni152_wm_template}
    images = {name: load(resolution=1) for name, load in maps.items()}
    volumes = {
        name: Volume(
            np.ascontiguousarray(image.get_fdata(dtype=np.float32)), np.asarray(image.affine, np.float64)
        )
        for name, image in images.items()
    }
    return as_head({"T1w": load_template(2)[0], **volumes}, voxel_mm=voxel_mm)


def region_means(head: Head, image: Array) -> dict[str, float]:
    """Give the mean of an image in each region of the head's atlas that has a voxel, by name."""
    size = int(head.labels.max()) + 1
    counts = np.bincount(head.labels.ravel(), minlength=size)
    sums = np.bincount(head.labels.ravel(), image.ravel().astype(np.float64), minlength=size)
    return {
        region.name: float(sums[region.index] / counts[region.index])
        for region in head.regions
        if region.index < size and counts[region.index] > 0
    }


@functools.cache
def _atlas(voxel_mm: float) -> tuple[NDArray[np.int16], tuple[Region, ...]]:
    atlas = load_atlas(2)
    labels = resample(atlas.labels, standard_grid(voxel_mm), interpolation="nearest")
    return np.rint(labels.data).astype(np.int16), atlas.regions
