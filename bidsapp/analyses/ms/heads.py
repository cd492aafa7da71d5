"""Healthy heads and real patients for training, from preprocessed derivatives, kept ready on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.ms.grid import work_space
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.files import digest_json
from bidsapp.images.grids import resample
from bidsapp.images.templates import Atlas, load_atlas, template_grid
from bidsapp.images.transform_file import read_transform
from bidsapp.images.volume import Grid, Volume, read_volume

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813

    from bidsapp.simulate.sclerosis.anatomy import HealthyHead

PARTS = {
    "VENTRICLES": ("Lateral_Ventricle", "Inf_Lat_Vent", "3rd_Ventricle", "4th_Ventricle"),
    "THALAMUS": ("Thalamus",),
    "STRIATUM": ("Caudate", "Putamen", "Accumbens"),
    "PALLIDUM": ("Pallidum",),
    "BRAINSTEM": ("Brain_Stem",),
    "CEREBELLUM": ("Cerebell",),
}
GREY_AT_WHITE = 100


def read_head(member: Member, kept: Path) -> HealthyHead:
    """Read a healthy head, or take it from ``kept`` if it was read before.

    Parameters
    ----------
    member
        Preprocessed session with T1w, tissue probabilities and transforms.
    kept
        Folder for heads that are ready to use.

    Raises
    ------
    BadDataError
        The session lacks one of these.
    """
    import torch
    from safetensors.torch import load_file, save_file

    from bidsapp.simulate.sclerosis.anatomy import HealthyHead

    sources = {key: str(path) for key, path in sorted(member.native.items())}
    path = kept / f"{member.name}-{digest_json(sources)[:12]}.safetensors"
    if not path.exists():
        kept.mkdir(parents=True, exist_ok=True)
        made = {key: torch.from_numpy(value) for key, value in _make(member).items()}
        save_file(made, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)
    return HealthyHead(**load_file(path))


def mni_positions(space_grid: Grid, transform: sitk.Transform, stride: int) -> NDArray[np.float32]:
    """Give the MNI coordinates (mm, RAS) of every ``stride``-th voxel, shape ``(3, x, y, z)``.

    ``transform`` resamples an image of standard space onto the grid (it takes the grid's points there).
    """
    template = template_grid(2)
    counts = [-(-n // stride) + 1 for n in space_grid.shape]
    affine = space_grid.affine.copy()
    affine[:3, :3] *= stride
    coarse = Grid((counts[0], counts[1], counts[2]), affine)
    indices = np.indices(template.shape, dtype=np.float32)
    axes = [template.affine[axis, axis] * indices[axis] + template.affine[axis, 3] for axis in range(3)]
    moved = [
        resample(
            Volume(axis.astype(np.float32), template.affine), coarse, transform=transform, antialias=False
        )
        for axis in axes
    ]
    return np.stack([volume.data for volume in moved])


def regions_of(space_grid: Grid, transform: sitk.Transform, atlas: Atlas) -> NDArray[np.uint8]:
    """Give the `bidsapp.simulate.sclerosis.anatomy.Region` of each voxel by a warped atlas."""
    from bidsapp.simulate.sclerosis.anatomy import Region

    lookup = np.zeros(int(atlas.labels.data.max()) + 1, dtype=np.uint8)
    for region in atlas.regions:
        name = region.name.replace(" ", "_")
        for part, words in PARTS.items():
            if any(word in name for word in words):
                lookup[region.index] = Region[part]
    labels = resample(atlas.labels, space_grid, interpolation="nearest", transform=transform)
    part_of: NDArray[np.uint8] = lookup[np.rint(labels.data).astype(np.intp)]
    return part_of


def _make(member: Member) -> dict[str, NDArray[np.generic]]:
    from bidsapp.simulate.sclerosis.anatomy import STRIDE, Region

    needed = ("T1w", "GM", "WM", "CSF")
    missing = [key for key in needed if key not in member.native]
    if missing or "standard_to_native" not in member.transforms:
        what = missing[0] if missing else "transform from standard space"
        raise BadDataError(f"{member.name} has no {what}; run participant again, or leave it out.")
    space = work_space(member)
    t1w, *tissue = (space.bring(read_volume(member.native[key])).data for key in needed)
    transform = read_transform(member.transforms["standard_to_native"])
    region = regions_of(space.grid, transform, load_atlas(1))
    fluid = tissue[2] >= 0.3
    region[(region == Region.VENTRICLES) & ~fluid] = Region.CEREBRUM
    return {
        "t1w": np.clip(np.rint(t1w * GREY_AT_WHITE * space.mask.data), 0, 255).astype(np.uint8),
        "tissue": np.clip(np.rint(np.stack(tissue) * 255), 0, 255).astype(np.uint8),
        "region": region,
        "position": mni_positions(space.grid, transform, STRIDE),
    }
