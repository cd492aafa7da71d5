"""Nipype interfaces of registration: contrasts to each other, sessions to a midpoint, all to the template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    File,
    InputMultiObject,
    TraitedSpec,
    isdefined,
    traits,
)
from numpy.typing import NDArray

from bidsapp.interfaces.base import PureInterface, about
from bidsapp.interfaces.doubt import doubt_alignment

PARTS = ("image", "mask", "gm", "wm", "csf")


class AlignRigidInputSpec(BaseInterfaceInputSpec):
    source = traits.Str(mandatory=True, desc="moving image of the dataset, for what is said of it")
    moving = File(exists=True, mandatory=True, desc="image to align")
    fixed = File(exists=True, mandatory=True, desc="image that stays")
    moving_mask = File(exists=True, desc="brain mask of the moving image, where it shows a brain")
    fixed_mask = File(exists=True, mandatory=True, desc="brain mask of the fixed image")


class AlignRigidOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="moving image on the grid of the fixed one")
    notes = traits.List(traits.Str, desc="a sentence where the alignment is in doubt")


class AlignRigid(PureInterface):
    """Align one image with another of any contrast, rigidly, and resample it."""

    input_spec = AlignRigidInputSpec
    output_spec = AlignRigidOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``aligned.nii.gz``."""
        from bidsapp.images.grids import resample
        from bidsapp.images.rigid import align_rigid
        from bidsapp.images.volume import read_volume, write_volume

        moving, fixed = read_volume(Path(self.inputs.moving)), read_volume(Path(self.inputs.fixed))
        mask = read_volume(Path(self.inputs.fixed_mask))
        with about(self.inputs.source):
            transform = align_rigid(fixed, moving, fixed_mask=mask).transform()
        aligned = resample(moving, fixed.grid, transform=transform)
        notes: list[str] = []
        if isdefined(self.inputs.moving_mask):
            own = resample(read_volume(Path(self.inputs.moving_mask)), fixed.grid, transform=transform)
            notes = doubt_alignment(Path(self.inputs.source).name, own, mask)
        return {"notes": notes, "out_file": str(write_volume(folder / "aligned.nii.gz", aligned))}


class FindMidpointInputSpec(BaseInterfaceInputSpec):
    images = InputMultiObject(File(exists=True), mandatory=True, desc="reference image of each session")
    masks = InputMultiObject(File(exists=True), mandatory=True, desc="brain mask of each session")
    gms = InputMultiObject(File(exists=True), mandatory=True, desc="grey matter of each session")
    wms = InputMultiObject(File(exists=True), mandatory=True, desc="white matter of each session")
    csfs = InputMultiObject(File(exists=True), mandatory=True, desc="cerebrospinal fluid of each session")


class FindMidpointOutputSpec(TraitedSpec):
    transforms = File(
        exists=True, desc="JSON: for each session the 4x4 matrix from its points to the midpoint's"
    )
    image = File(exists=True, desc="mean image in the midpoint")
    mask = File(exists=True, desc="brain mask in the midpoint")
    gm = File(exists=True, desc="mean grey matter in the midpoint")
    wm = File(exists=True, desc="mean white matter in the midpoint")
    csf = File(exists=True, desc="mean cerebrospinal fluid in the midpoint")


class FindMidpoint(PureInterface):
    """Align the sessions of a subject in the middle between them; one session is its own middle."""

    input_spec = FindMidpointInputSpec
    output_spec = FindMidpointOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``transforms.json`` and the mean of each part."""
        from bidsapp.files import write_json
        from bidsapp.images.grids import resample
        from bidsapp.images.midpoint import midpoint, midpoint_grid, register_pairs
        from bidsapp.images.rigid import align_rigid
        from bidsapp.images.transforms import matrix_to_itk
        from bidsapp.images.volume import read_volume, write_volume

        count = len(self.inputs.images)
        files = {part: getattr(self.inputs, f"{part}s") for part in PARTS}
        if count == 1:
            transforms = write_json(folder / "transforms.json", [np.eye(4).tolist()])
            return {"transforms": str(transforms), **{part: files[part][0] for part in PARTS}}
        volumes = {part: [read_volume(Path(path)) for path in files[part]] for part in PARTS}

        def register(i: int, j: int) -> NDArray[np.float64]:
            found = align_rigid(volumes["image"][i], volumes["image"][j], fixed_mask=volumes["mask"][i])
            return found.matrix

        poses = midpoint(register_pairs(count, register))
        grid = midpoint_grid([volume.grid for volume in volumes["image"]], poses)
        outputs = {
            "transforms": str(write_json(folder / "transforms.json", [pose.tolist() for pose in poses]))
        }
        for part in PARTS:
            placed = [
                resample(volume, grid, transform=matrix_to_itk(_inverse(pose)))
                for volume, pose in zip(volumes[part], poses, strict=True)
            ]
            mean = np.mean([volume.data for volume in placed], axis=0)
            mean = mean > 0.5 if part == "mask" else mean
            outputs[part] = str(write_volume(folder / f"{part}.nii.gz", placed[0].with_data(mean)))
        return outputs


class NormaliseToTemplateInputSpec(BaseInterfaceInputSpec):
    image = File(exists=True, mandatory=True, desc="reference image, median of white matter 1")
    mask = File(exists=True, mandatory=True)
    gm = File(exists=True, mandatory=True)
    wm = File(exists=True, mandatory=True)
    csf = File(exists=True, mandatory=True)
    use_intensity = traits.Bool(mandatory=True, desc="the image is a T1w, as the template is")
    template = File(exists=True, mandatory=True, desc="JSON of SegmentTemplate")


class NormaliseToTemplateOutputSpec(TraitedSpec):
    forward = File(exists=True, desc="ITK transform that resamples the subject into the template")
    inverse = File(exists=True, desc="ITK transform that resamples the template into the subject")
    facts = File(exists=True, desc="JSON: similarity, overlap, folds, template")


class NormaliseToTemplate(PureInterface):
    """Register tissues, and T1w intensities where there are some, with those of the template."""

    input_spec = NormaliseToTemplateInputSpec
    output_spec = NormaliseToTemplateOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write both transforms and ``facts.json``."""
        from bidsapp.files import write_json
        from bidsapp.images.grids import resample
        from bidsapp.images.normalise import Channel, normalise
        from bidsapp.images.quality import correlation
        from bidsapp.images.regions import dice
        from bidsapp.images.transform_file import write_transform
        from bidsapp.images.volume import read_volume

        template = json.loads(Path(self.inputs.template).read_text(encoding="utf-8"))
        fixed = {part: read_volume(Path(template[part])) for part in PARTS}
        moving = {part: read_volume(Path(getattr(self.inputs, part))) for part in PARTS}
        channels = [
            Channel(fixed[part], moving[part].with_data(moving[part].data * (moving["mask"].data > 0.5)))
            for part in (*(["image"] if self.inputs.use_intensity else []), "wm", "gm", "csf")
        ]
        found = normalise(channels, moving["mask"])
        forward = found.to_template()
        white = resample(moving["wm"], fixed["wm"].grid, transform=forward)
        mask = resample(moving["mask"], fixed["mask"].grid, transform=forward)
        facts = {
            "normalisation_ncc": correlation(white, fixed["wm"], fixed["mask"]),
            "mask_overlap": dice(mask.data > 0.5, fixed["mask"].data > 0.5),
            "folded_voxels": found.folded,
            "channels": "intensity, tissues" if self.inputs.use_intensity else "tissues",
            **{key: template[key] for key in ("image", "file", "origin", "sha256", "name")},
        }
        return {
            "forward": str(write_transform(folder / "forward.h5", forward)),
            "inverse": str(write_transform(folder / "inverse.h5", found.to_subject())),
            "facts": str(write_json(folder / "facts.json", facts)),
        }


class ComposeTransformsInputSpec(BaseInterfaceInputSpec):
    index = traits.Int(mandatory=True, desc="number of the session")
    to_midpoint = File(exists=True, mandatory=True, desc="JSON of FindMidpoint")
    forward = File(
        exists=True, mandatory=True, desc="transform that resamples the midpoint into the template"
    )
    inverse = File(
        exists=True, mandatory=True, desc="transform that resamples the template into the midpoint"
    )


class ComposeTransformsOutputSpec(TraitedSpec):
    native_to_standard = File(exists=True, desc="resamples the session into the template")
    standard_to_native = File(exists=True, desc="resamples the template into the session")


class ComposeTransforms(PureInterface):
    """Chain a session's way to the midpoint with the midpoint's way to the template, in both directions."""

    input_spec = ComposeTransformsInputSpec
    output_spec = ComposeTransformsOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write both transforms."""
        from bidsapp.images.transform_file import read_transform, write_transform
        from bidsapp.images.transforms import compose, matrix_to_itk

        content = json.loads(Path(self.inputs.to_midpoint).read_text(encoding="utf-8"))
        pose = np.asarray(content[self.inputs.index], dtype=np.float64)
        forward, inverse = (read_transform(Path(path)) for path in (self.inputs.forward, self.inputs.inverse))
        if not np.array_equal(pose, np.eye(4)):
            forward = compose([forward, matrix_to_itk(_inverse(pose))])
            inverse = compose([matrix_to_itk(pose), inverse])
        return {
            "native_to_standard": str(write_transform(folder / "native_to_standard.h5", forward)),
            "standard_to_native": str(write_transform(folder / "standard_to_native.h5", inverse)),
        }


class WarpToStandardInputSpec(BaseInterfaceInputSpec):
    in_files = InputMultiObject(File(exists=True), mandatory=True, desc="volumes of one session")
    keys = traits.List(traits.Str, mandatory=True, desc="their keys; 'mask' stays a mask")
    transform = File(exists=True, mandatory=True, desc="resamples the session into the template")
    resolution = traits.Enum(2, 1, mandatory=True, desc="mm")


class WarpToStandardOutputSpec(TraitedSpec):
    out_files = traits.List(File(exists=True), desc="the volumes on the template's grid, same order")


class WarpToStandard(PureInterface):
    """Resample volumes of a session onto the grid of MNI152NLin2009cAsym."""

    input_spec = WarpToStandardInputSpec
    output_spec = WarpToStandardOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``KEY.nii.gz`` for each volume."""
        from bidsapp.images.grids import resample
        from bidsapp.images.templates import template_grid
        from bidsapp.images.transform_file import read_transform
        from bidsapp.images.volume import read_volume, write_volume

        transform = read_transform(Path(self.inputs.transform))
        grid = template_grid(self.inputs.resolution)
        outputs = []
        for key, path in zip(self.inputs.keys, self.inputs.in_files, strict=True):
            volume = resample(read_volume(Path(path)), grid, transform=transform)
            dtype: type[np.generic] = np.float32
            if key == "mask":
                volume, dtype = volume.with_data(volume.data > 0.5), np.uint8
            outputs.append(str(write_volume(folder / f"{key}.nii.gz", volume, dtype=dtype)))
        return {"out_files": outputs}


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
