"""Nipype interface of dynamic PET: uptake ratio of the late frames, slope, and activity of regions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from nipype.interfaces.base import File, traits
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.interfaces.extra import ExtraInputSpec, Prepared, PrepareExtra
from bidsapp.interfaces.on_anatomy import Anatomy, read_anatomy
from bidsapp.interfaces.pet import reference_region, reference_voxels

if TYPE_CHECKING:
    from bidsapp.images.dynamic_pet import DynamicPet
    from bidsapp.images.templates import Atlas


class PrepareDynamicPetInputSpec(ExtraInputSpec):
    reference = File(exists=True, mandatory=True, desc="anatomical image, bias-corrected")
    mask = File(exists=True, mandatory=True, desc="brain mask of the reference image")
    standard_to_native = File(exists=True, mandatory=True, desc="transform that brings the atlas here")
    t_star = traits.Float(1200.0, usedefault=True, desc="seconds from which the plots are straight")


class PrepareDynamicPet(PrepareExtra):
    """Realign dynamic PET, and compare it with the cerebellum: late uptake, and slope over time."""

    input_spec = PrepareDynamicPetInputSpec

    def prepare(self, folder: Path) -> Prepared:
        """Write ``pet.nii.gz`` (SUVR), ``patlak.nii.gz`` or ``logan.nii.gz``, and ``pet.tsv``."""
        from bidsapp.images.checks import check_series
        from bidsapp.images.dynamic_pet import realign_pet

        metadata = json.loads(self.inputs.metadata)
        volumes, mended = check_series(Path(self.inputs.in_file))
        pet = realign_pet(volumes, metadata)
        del volumes
        static = pet.static()
        anatomy = read_anatomy(self.inputs, static)
        atlas, labels = anatomy.atlas()
        brain = anatomy.here(Path(self.inputs.mask)) > 0.5
        region = reference_voxels(atlas, labels, static.affine) & brain
        volumes_out = {"pet": self._write_suvr(folder, anatomy, static.data)}
        notes = [*mended, *anatomy.notes, *pet.notes]
        try:
            volumes_out |= self._write_slope(folder, anatomy, pet, brain, region, metadata)
        except BadDataError as error:
            notes.append(f"no slope was computed: {error}")
        return Prepared(
            volumes=volumes_out,
            series={"pet": self._write_signals(folder, pet, atlas, np.where(brain, labels, 0), metadata)},
            figures={"frame_motion": pet.shift},
            notes=notes,
        )

    def _write_suvr(self, folder: Path, anatomy: Anatomy, static: NDArray[np.float32]) -> Path:
        from bidsapp.images.suvr import compute_suvr
        from bidsapp.images.volume import read_volume, write_volume

        placed = anatomy.place(static)
        region = reference_region(Path(self.inputs.standard_to_native), placed.grid)
        found = compute_suvr(placed, region, brain=read_volume(Path(self.inputs.mask)))
        return write_volume(folder / "pet.nii.gz", found.image)

    def _write_slope(
        self,
        folder: Path,
        anatomy: Anatomy,
        pet: DynamicPet,
        brain: NDArray[np.bool_],
        region: NDArray[np.bool_],
        metadata: dict[str, Any],
    ) -> dict[str, Path]:
        from bidsapp.images.dynamic_pet import slope_map

        tracer = f"{metadata.get('TracerName', '')} {Path(self.inputs.in_file).name}"
        name, slope = slope_map(pet, brain, region, tracer, t_star=self.inputs.t_star)
        return {name: anatomy.write(slope, folder / f"{name}.nii.gz")}

    def _write_signals(
        self,
        folder: Path,
        pet: DynamicPet,
        atlas: Atlas,
        labels: NDArray[np.int64],
        metadata: dict[str, Any],
    ) -> Path:
        from bidsapp.images.region_series import region_series
        from bidsapp.interfaces.series import grey_regions, write_series

        regions = grey_regions(atlas.regions)
        inside = labels > 0
        values = region_series(
            pet.frames.data[inside].T, labels[inside], [region.index for region in regions]
        )
        return write_series(
            folder / "pet.tsv",
            [region.name for region in regions],
            values,
            pet.timing.starts,
            pet.timing.durations,
            modality=self.inputs.modality,
            about={
                "Atlas": atlas.name,
                "Units": str(metadata.get("Units", "arbitrary")),
                "Description": (
                    "Mean activity of each region, realigned and corrected for decay; times after injection"
                ),
            },
        )
