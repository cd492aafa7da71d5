"""Healthy heads and real patients for training, from preprocessed derivatives, kept ready on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.ms.grid import work_space
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.files import digest_file, digest_json
from bidsapp.images.grids import reference_image, resample
from bidsapp.images.templates import Atlas, load_atlas
from bidsapp.images.transform_file import read_transform
from bidsapp.images.volume import Grid, read_volume

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
NEEDED = ("T1w", "GM", "WM", "CSF")
GREY_AT_WHITE = 100


def read_head(member: Member, kept: Path) -> HealthyHead:
    """Read a healthy head, or take it from ``kept`` if these very files were read before.

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

    files = {key: member.native[key] for key in ("mask", *NEEDED) if key in member.native}
    sources = {key: digest_file(path) for key, path in {**files, **member.transforms}.items()}
    path = kept / f"{member.name}-{digest_json(sources)[:12]}.safetensors"
    if not path.exists():
        kept.mkdir(parents=True, exist_ok=True)
        made = {key: torch.from_numpy(value) for key, value in _make(member).items()}
        save_file(made, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)
    held = load_file(path)
    return HealthyHead(held["t1w"], held["tissue"], held["region"], held["position"])


def mni_positions(space_grid: Grid, transform: sitk.Transform, stride: int) -> NDArray[np.float32]:
    """Give the MNI coordinates (mm, RAS) of every ``stride``-th voxel, shape ``(3, x, y, z)``.

    ``transform`` resamples an image of standard space onto the grid (it takes the grid's points there).
    """
    import SimpleITK as sitk  # noqa: N813

    counts = [-(-n // stride) + 1 for n in space_grid.shape]
    affine = space_grid.affine.copy()
    affine[:3, :3] *= stride
    coarse = reference_image(Grid((counts[0], counts[1], counts[2]), affine))
    place = (coarse.GetSize(), coarse.GetOrigin(), coarse.GetSpacing(), coarse.GetDirection())
    vectors = sitk.sitkVectorFloat64
    field = sitk.TransformToDisplacementField(transform, vectors, *place)
    moved = sitk.GetArrayFromImage(sitk.PhysicalPointSource(vectors, *place) + field)
    ras = moved * np.array([-1.0, -1.0, 1.0])
    return np.ascontiguousarray(ras.transpose(3, 2, 1, 0), dtype=np.float32)


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

    missing = [key for key in NEEDED if key not in member.native]
    if missing or "standard_to_native" not in member.transforms:
        what = missing[0] if missing else "transform from standard space"
        raise BadDataError(f"{member.name} has no {what}; run participant again, or leave it out.")
    space = work_space(member)
    t1w, *tissue = (space.bring(read_volume(member.native[key])).data for key in NEEDED)
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
