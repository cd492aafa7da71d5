"""Nipype interfaces of static PET: sum of frames, uptake relative to a reference region."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from nipype.interfaces.base import BaseInterfaceInputSpec, File, TraitedSpec, traits

from bidsapp.interfaces.base import PureInterface, about

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bidsapp.images.templates import Atlas
    from bidsapp.images.volume import Grid, Volume

REFERENCE = "Cerebellum_Exterior"
"""Part of the names of the atlas regions that FDG uptake is compared with: cerebellar cortex."""
GUARD_MM = 8.0
"""Cerebellar cortex nearer than this to other parts of the brain is left out: their uptake spills into it."""


class SumFramesInputSpec(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True, desc="PET, one volume or frames")
    metadata = traits.Str("{}", usedefault=True, desc="sidecar as JSON, with FrameDuration")


class SumFramesOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="mean over time, RAS")
    notes = traits.List(traits.Str, desc="what was mended or assumed")


class SumFrames(PureInterface):
    """Average the frames of a static PET scan by their durations."""

    input_spec = SumFramesInputSpec
    output_spec = SumFramesOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``static.nii.gz``."""
        from bidsapp.images.checks import check_series
        from bidsapp.images.grids import to_closest_ras
        from bidsapp.images.suvr import static_image
        from bidsapp.images.volume import write_volume

        frames, notes = check_series(Path(self.inputs.in_file))
        durations = json.loads(self.inputs.metadata).get("FrameDuration")
        if durations is None and len(frames) > 1:
            notes.append("its sidecar has no FrameDuration: all frames count alike")
        with about(self.inputs.in_file):
            mean = static_image(frames, durations)
        out_file = write_volume(folder / "static.nii.gz", to_closest_ras(mean))
        return {"out_file": str(out_file), "notes": notes}


class ComputeSuvrInputSpec(BaseInterfaceInputSpec):
    source = traits.Str(mandatory=True, desc="image of the dataset, for what is said of it")
    in_file = File(exists=True, mandatory=True, desc="static PET on the grid of the reference image")
    mask = File(exists=True, mandatory=True, desc="brain mask on the same grid")
    standard_to_native = File(exists=True, mandatory=True, desc="transform that brings the region here")
    notes = traits.List(traits.Str, usedefault=True, desc="what the steps before have to say")


class ComputeSuvrOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="PET divided by the mean of the reference region")
    notes = traits.List(traits.Str, desc="the same, with the name of the image")


class ComputeSuvr(PureInterface):
    """Divide PET by its mean in the cerebellum, as the atlas draws it in standard space."""

    input_spec = ComputeSuvrInputSpec
    output_spec = ComputeSuvrOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``suvr.nii.gz``."""
        from bidsapp.images.suvr import compute_suvr
        from bidsapp.images.volume import read_volume, write_volume

        pet, mask = read_volume(Path(self.inputs.in_file)), read_volume(Path(self.inputs.mask))
        region = reference_region(Path(self.inputs.standard_to_native), pet.grid)
        with about(self.inputs.source):
            found = compute_suvr(pet, region, brain=mask)
        name = Path(self.inputs.source).name
        notes = [note if name in note else f"{name}: {note}" for note in self.inputs.notes]
        return {"out_file": str(write_volume(folder / "suvr.nii.gz", found.image)), "notes": notes}


def reference_region(standard_to_native: Path, grid: Grid) -> Volume:
    """Bring the reference voxels of the atlas onto a grid of the session; above 0.5 is inside."""
    from bidsapp.images.grids import resample
    from bidsapp.images.templates import load_atlas
    from bidsapp.images.transform_file import read_transform

    atlas = load_atlas(2)
    region = atlas.labels.with_data(reference_voxels(atlas, atlas.labels.data, atlas.labels.affine))
    return resample(region, grid, transform=read_transform(standard_to_native))


def reference_voxels(
    atlas: Atlas, labels: NDArray[np.integer] | NDArray[np.float32], affine: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Find the cerebellar cortex that lies away from all of the atlas that is not cerebellum.

    Parameters
    ----------
    atlas
        Whose regions the labels are.
    labels
        Whole numbers, shape ``(x, y, z)``, in standard space or in that of the subject.
    affine
        Of the labels, mm.
    """
    from scipy import ndimage

    cortex = [region.index for region in atlas.regions if REFERENCE in region.name]
    elsewhere = [region.index for region in atlas.regions if "Cerebell" not in region.name]
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    distance = ndimage.distance_transform_edt(~np.isin(labels, elsewhere), sampling=edges)
    return np.asarray(np.isin(labels, cortex) & (distance > GUARD_MM))
