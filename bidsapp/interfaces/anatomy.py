"""Nipype interfaces of anatomical preprocessing: conform, brain and tissues, bias field, intensity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from nipype.interfaces.base import BaseInterfaceInputSpec, File, TraitedSpec, traits
from numpy.typing import NDArray

from bidsapp.interfaces.base import PureInterface, about
from bidsapp.interfaces.gpu import memory_notes

#: Volumes in ml that a brain mask can have: a slab of a brain, a newborn, the largest of heads.
PLAUSIBLE_ML = (50.0, 3000.0)


class ConformImageInputSpec(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True, desc="image as it is in the dataset")


class ConformImageOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="axes closest to RAS, finite, rectangular")
    notes = traits.List(traits.Str, desc="what was mended")


class ConformImage(PureInterface):
    """Check an image, mend what can be mended, and turn its axes closest to right, anterior, superior."""

    input_spec = ConformImageInputSpec
    output_spec = ConformImageOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``conformed.nii.gz``."""
        from bidsapp.images.checks import check_image
        from bidsapp.images.grids import to_closest_ras
        from bidsapp.images.volume import write_volume

        source = Path(self.inputs.in_file)
        volume, notes = check_image(source)
        out_file = write_volume(folder / "conformed.nii.gz", to_closest_ras(volume))
        return {"out_file": str(out_file), "notes": [f"{source.name}: {note}" for note in notes]}


class SegmentBrainInputSpec(BaseInterfaceInputSpec):
    source = traits.Str(mandatory=True, desc="image of the dataset, for what is said of it")
    in_file = File(exists=True, mandatory=True, desc="head or brain, any contrast, RAS")
    bundle = traits.Directory(exists=True, mandatory=True, desc="bundle of the brain network")
    digest = traits.Str(mandatory=True, desc="digest of the bundle, so that another one runs anew")
    device = traits.Str("cpu", usedefault=True, desc="torch device")
    use_gpu = traits.Bool(False, usedefault=True, desc="tells Nipype that this step needs a GPU slot")


class SegmentBrainOutputSpec(TraitedSpec):
    mask = File(exists=True, desc="brain, 0 or 1")
    gm = File(exists=True, desc="probability of grey matter")
    wm = File(exists=True, desc="probability of white matter")
    csf = File(exists=True, desc="probability of cerebrospinal fluid inside the mask")
    notes = traits.List(traits.Str, desc="a sentence where the GPU lacked memory")


class SegmentBrain(PureInterface):
    """Find the brain and its tissues with the learned, contrast-agnostic network."""

    input_spec = SegmentBrainInputSpec
    output_spec = SegmentBrainOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write the mask and three probability maps on the grid of the image."""
        from bidsapp.analyses.brain.predict import segment
        from bidsapp.bundle import Bundle
        from bidsapp.errors import BadDataError
        from bidsapp.images.quality import mask_volume
        from bidsapp.images.volume import read_volume, write_volume

        image = read_volume(Path(self.inputs.in_file))
        bundle = Bundle.read(Path(self.inputs.bundle))
        with memory_notes() as notes:
            found = segment(image.data, image.affine, bundle, device=self.inputs.device)
        volume = mask_volume(image.with_data(found.mask))
        if not PLAUSIBLE_ML[0] <= volume <= PLAUSIBLE_ML[1]:
            raise BadDataError(
                f"{self.inputs.source}: no brain was found (the mask has {volume:.0f} ml); look at the image "
                "and exclude it."
            )
        parts: dict[str, NDArray[Any]] = {
            "mask": found.mask,
            "gm": found.gm,
            "wm": found.wm,
            "csf": found.csf,
        }
        types = {"mask": np.uint8, "gm": np.float32, "wm": np.float32, "csf": np.float32}
        files = {
            name: str(write_volume(folder / f"{name}.nii.gz", image.with_data(data), dtype=types[name]))
            for name, data in parts.items()
        }
        return {**files, "notes": notes}


class CorrectBiasInputSpec(BaseInterfaceInputSpec):
    source = traits.Str(mandatory=True, desc="image of the dataset, for what is said of it")
    in_file = File(exists=True, mandatory=True, desc="image, RAS")
    mask = File(exists=True, mandatory=True, desc="brain mask on the same grid")


class CorrectBiasOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="image divided by its bias field")
    field = File(exists=True, desc="bias field")


class CorrectBias(PureInterface):
    """Divide an image by its slowly varying bias field (N4)."""

    input_spec = CorrectBiasInputSpec
    output_spec = CorrectBiasOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``corrected.nii.gz`` and ``field.nii.gz``."""
        from bidsapp.images.bias import correct_bias
        from bidsapp.images.volume import read_volume, write_volume

        image, mask = (read_volume(Path(item)) for item in (self.inputs.in_file, self.inputs.mask))
        with about(self.inputs.source):
            found = correct_bias(image, mask)
        return {
            "out_file": str(write_volume(folder / "corrected.nii.gz", found.corrected)),
            "field": str(write_volume(folder / "field.nii.gz", found.field)),
        }


class NormaliseIntensityInputSpec(BaseInterfaceInputSpec):
    source = traits.Str(mandatory=True, desc="image of the dataset, for what is said of it")
    in_file = File(exists=True, mandatory=True, desc="bias-corrected image on the reference grid")
    wm = File(exists=True, mandatory=True, desc="probability of white matter on the same grid")


class NormaliseIntensityOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="image in which the median of white matter is 1")


class NormaliseIntensity(PureInterface):
    """Scale an image so that the median of its white matter is 1."""

    input_spec = NormaliseIntensityInputSpec
    output_spec = NormaliseIntensityOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``scaled.nii.gz``."""
        from bidsapp.images.intensity import scale_to_tissue
        from bidsapp.images.volume import read_volume, write_volume

        image = read_volume(Path(self.inputs.in_file))
        with about(self.inputs.source):
            scaled, _ = scale_to_tissue(image, read_volume(Path(self.inputs.wm)))
        return {"out_file": str(write_volume(folder / "scaled.nii.gz", scaled))}


class LabelTissuesInputSpec(BaseInterfaceInputSpec):
    mask = File(exists=True, mandatory=True)
    gm = File(exists=True, mandatory=True)
    wm = File(exists=True, mandatory=True)
    csf = File(exists=True, mandatory=True)


class LabelTissuesOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="0 background, 1 grey matter, 2 white matter, 3 cerebrospinal fluid")


class LabelTissues(PureInterface):
    """Give each voxel of the brain its most probable tissue (BIDS: 1 GM, 2 WM, 3 CSF)."""

    input_spec = LabelTissuesInputSpec
    output_spec = LabelTissuesOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``dseg.nii.gz``."""
        from bidsapp.images.volume import read_volume, write_volume

        mask = read_volume(Path(self.inputs.mask))
        maps = [read_volume(Path(getattr(self.inputs, name))).data for name in ("gm", "wm", "csf")]
        labels = np.where(mask.data > 0.5, 1 + np.argmax(np.stack(maps), axis=0), 0)
        out_file = write_volume(folder / "dseg.nii.gz", mask.with_data(labels), dtype=np.uint8)
        return {"out_file": str(out_file)}
