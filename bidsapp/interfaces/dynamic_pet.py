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
from bidsapp.interfaces.pet import reference_region, reference_voxels

if TYPE_CHECKING:
    from bidsapp.images.dynamic_pet import DynamicPet
    from bidsapp.images.templates import Atlas
    from bidsapp.images.volume import Volume
    from bidsapp.interfaces.laid_on import LaidOn


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
        from bidsapp.interfaces.laid_on import lay_on

        metadata = json.loads(self.inputs.metadata)
        volumes, mended = check_series(Path(self.inputs.in_file))
        pet = realign_pet(volumes, metadata)
        del volumes
        static = pet.static()
        laid = lay_on(Path(self.inputs.reference), Path(self.inputs.mask), static)
        atlas, labels = laid.atlas(Path(self.inputs.standard_to_native))
        brain = laid.own_brain.data > 0.5
        region = reference_voxels(atlas, labels, static.affine) & brain
        volumes_out = {"pet": self._write_suvr(folder, laid, static)}
        notes = [*mended, *laid.doubts(static), *pet.notes]
        try:
            volumes_out |= self._write_slope(folder, laid, pet, brain, region, metadata)
        except BadDataError as error:
            notes.append(f"no slope was computed: {error}")
        return Prepared(
            volumes=volumes_out,
            series={"pet": self._write_signals(folder, pet, atlas, np.where(brain, labels, 0), metadata)},
            figures={"frame_motion": pet.shift},
            notes=notes,
        )

    def _write_suvr(self, folder: Path, laid: LaidOn, static: Volume) -> Path:
        from bidsapp.images.suvr import compute_suvr
        from bidsapp.images.volume import read_volume, write_volume

        placed = laid.on_reference(static)
        region = reference_region(Path(self.inputs.standard_to_native), placed.grid)
        found = compute_suvr(placed, region, brain=read_volume(Path(self.inputs.mask)))
        return write_volume(folder / "pet.nii.gz", found.image)

    def _write_slope(
        self,
        folder: Path,
        laid: LaidOn,
        pet: DynamicPet,
        brain: NDArray[np.bool_],
        region: NDArray[np.bool_],
        metadata: dict[str, Any],
    ) -> dict[str, Path]:
        from bidsapp.images.dynamic_pet import slope_map

        tracer = f"{metadata.get('TracerName', '')} {Path(self.inputs.in_file).name}"
        name, slope = slope_map(pet, brain, region, tracer, t_star=self.inputs.t_star)
        return {name: laid.write(folder / f"{name}.nii.gz", laid.own_brain.with_data(slope))}

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
        origin = "injection" if pet.timing.after_injection else "time zero of the scan"
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
                    f"Mean activity of each region, realigned and corrected for decay; times after {origin}"
                ),
            },
        )
