"""A head whose truth is known: the template at 6 mm, whose way to standard space is the identity."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.images.grids import resample, respaced_grid
from bidsapp.images.templates import load_atlas, load_template
from bidsapp.images.transform_file import write_transform
from bidsapp.images.volume import Volume, write_volume

STARTS = [0, 60, 180, 300, 600, 1200, 1800, 2400, 3000]
LENGTHS = [60, 120, 120, 300, 600, 600, 600, 600, 600]
PET = {
    "FrameTimesStart": STARTS,
    "FrameDuration": LENGTHS,
    "InjectionStart": 0,
    "ImageDecayCorrected": True,
    "Units": "kBq/mL",
}


def write_head(folder: Path) -> tuple[dict[str, str], Volume, NDArray[np.float32]]:
    """Write anatomy, mask, tissues and transform; give the files, the anatomy, and the atlas labels."""
    template, _ = load_template(2)
    grid = respaced_grid(template.grid, np.full(3, 6.0))
    image = resample(template, grid)
    labels = resample(load_atlas(2).labels, grid, interpolation="nearest").data
    parts = {
        "reference": image,
        "mask": image.with_data(image.data > 0.1),
        "wm": image.with_data(np.isin(labels, labels_of("Cerebral_White_Matter")) * 1.0),
        "csf": image.with_data(((image.data > 0.1) & (image.data < 0.3)) * 1.0),
    }
    files = {name: str(write_volume(folder / f"{name}.nii.gz", part)) for name, part in parts.items()}
    identity = sitk.CompositeTransform([sitk.AffineTransform(3)])
    files["standard_to_native"] = str(write_transform(folder / "way.h5", identity))
    return files, image, labels


def labels_of(part: str) -> list[int]:
    """Give the labels of the regions whose names hold ``part``."""
    return [region.index for region in load_atlas(2).regions if part in region.name]


def write_frames(path: Path, data: NDArray[np.floating], affine: NDArray[np.float64]) -> str:
    """Write frames, shape (x, y, z, t)."""
    nib.save(nib.Nifti1Image(data.astype(np.float32), affine), path)
    return str(path)


def write_pet(folder: Path, image: Volume, labels: NDArray[np.float32]) -> str:
    """Write a tracer that is trapped at 0.02 per minute everywhere but in the cerebellum, and its sidecar."""
    middles = np.array(STARTS) + np.array(LENGTHS) / 2
    cerebellum = ndimage.binary_dilation(np.isin(labels, labels_of("Cerebell")))
    rate = np.where(cerebellum, 0, 0.02 / 60)
    data = np.where(image.data > 0.1, 10, 0)[..., None] * (1 + rate[..., None] * middles)
    path = folder / "sub-1_trc-18FFDG_pet.nii.gz"
    path.with_name("sub-1_trc-18FFDG_pet.json").write_text(json.dumps(PET))
    return write_frames(path, data, image.affine)
