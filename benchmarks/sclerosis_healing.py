"""Filling holes in healthy white matter of real scans: level and grain beside simpler ways.

Holes with the shapes of real lesions of other patients are put where no lesion is: the truth is known.
Numbers are in standard deviations of normal-appearing white matter, mean over contrasts and holes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from anomaly_implants import DATA
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.images.grids import to_closest_ras
from bidsapp.images.volume import read_volume
from bidsapp.simulate.fields import Array
from bidsapp.simulate.sclerosis.bank import read_bank
from bidsapp.simulate.sclerosis.healing import fill, hole_around
from bidsapp.simulate.sclerosis.patient import MarkedPatient, Tissue
from bidsapp.simulate.sclerosis.poisson import solve
from bidsapp.simulate.sclerosis.texture import local_mean

CONTRASTS = {
    "T1w": "desc-preproc_T1w",
    "T2w": "space-T1w_desc-preproc_T2w",
    "FLAIR": "space-T1w_desc-preproc_FLAIR",
}
HOLES = 80
LARGEST_MM3 = 1000
Mask = NDArray[np.bool_]


def read_patient(derivatives: Path, subject: str) -> MarkedPatient:
    """Read a preprocessed subject of openms-mni with its consensus mask; white matter has mean 0 and SD 1."""
    anat = derivatives / subject / "anat"
    manual = DATA / "openms-mni" / "derivatives" / "manual" / subject / "anat"
    mask = to_closest_ras(read_volume(manual / f"{subject}_space-orig_label-L_desc-manual_mask.nii.gz"))
    lesion = mask.data > 0.5
    tissue = read_volume(anat / f"{subject}_dseg.nii.gz").data.astype(np.uint8)
    white = ndimage.binary_erosion(tissue == Tissue.WM) & ~ndimage.binary_dilation(lesion, iterations=3)
    images = {}
    for name, entities in CONTRASTS.items():
        image = read_volume(anat / f"{subject}_{entities}.nii.gz").data
        scaled = (image - image[white].mean()) / image[white].std() * (tissue > 0)
        images[name] = torch.from_numpy(scaled.astype(np.float32))
    return MarkedPatient(images, torch.from_numpy(lesion), torch.from_numpy(tissue))


def fake_holes(rng: np.random.Generator, white: Mask, shapes: list[Mask]) -> Mask:
    """Place shapes at random, one beside the other, in white matter."""
    free, holes = white.copy(), np.zeros_like(white)
    for shape in shapes:
        voxels = np.argwhere(shape) - np.array(shape.shape) // 2
        for centre in rng.permutation(np.argwhere(free))[:200]:
            place = tuple((voxels + centre).T)
            if free[place].all():
                holes[place] = True
                free &= ~ndimage.binary_dilation(holes, iterations=6)
                break
    return holes


def measure(truth: Array, filled: Array, holes: Mask) -> list[float]:
    """Give the error of a hole's mean and of its voxels; grain and jump at the seam over the true ones."""
    labels, count = ndimage.label(holes)
    index = np.arange(1, count + 1)
    means = [ndimage.mean(a - b, labels, index) for a, b in zip(filled, truth, strict=True)]
    inside = ndimage.binary_erosion(holes)
    grain = [
        np.std((each - local_mean(each[None], np.ones_like(holes), 1)[0])[inside])
        for each in (*filled, *truth)
    ]
    half = len(truth)
    jumps = [_seam(each, holes) for each in (*filled, *truth)]
    return [
        float(np.abs(means).mean()),
        float(np.sqrt(((filled - truth)[:, holes] ** 2).mean())),
        float(np.mean(np.divide(grain[:half], grain[half:]))),
        float(np.mean(np.divide(jumps[:half], jumps[half:]))),
    ]


def _seam(image: Array, holes: Mask) -> float:
    squares = []
    for axis in range(3):
        crosses = np.diff(holes.astype(np.int8), axis=axis) != 0
        squares.append(np.diff(image, axis=axis)[crosses] ** 2)
    return float(np.sqrt(np.concatenate(squares).mean()))


def main() -> None:
    """Measure both patients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("derivatives", type=Path, help="openms-mni as preprocessed by bidsapp")
    derivatives = parser.parse_args().derivatives
    bank = read_bank(sorted((DATA / "openms-masks").glob("sub-*_mask.nii.gz"))[:6])
    small = [shape for shape in bank.shapes if 10 <= shape.sum() <= LARGEST_MM3]
    print("subject holes method mean_error voxel_rmse grain seam seconds")
    for subject in ("sub-07", "sub-19"):
        rng = np.random.default_rng(0)
        patient = read_patient(derivatives, subject)
        tissue, lesion = patient.tissue.numpy(), patient.lesion.numpy()
        images = np.stack([image.numpy() for image in patient.images.values()])
        healthy = (tissue == Tissue.WM) & ~ndimage.binary_dilation(lesion, iterations=3)
        shapes = [small[i] for i in rng.choice(len(small), HOLES, replace=False)]
        holes = hole_around(fake_holes(rng, healthy, shapes), lesion, tissue, 2)
        normal = healthy & ~holes
        for name, seconds, filled in ways(rng, images, holes, normal, tissue):
            numbers = (f"{number:.3f}" for number in measure(images, filled, holes))
            print(subject, ndimage.label(holes)[1], name, *numbers, f"{seconds:.1f}")


def ways(
    rng: np.random.Generator, images: Array, holes: Mask, normal: Mask, tissue: NDArray[np.uint8]
) -> Iterator[tuple[str, float, Array]]:
    """Fill the holes each way: its name, the seconds it took, the filled images."""
    level = images[:, normal].mean(axis=1)[:, None, None, None]
    yield "mean", 0.0, np.where(holes, level, images)
    begun = time.perf_counter()
    filled = solve(images, np.zeros((3, *images.shape), np.float32), holes, normal)
    yield "harmonic", time.perf_counter() - begun, filled
    begun = time.perf_counter()
    filled = fill(rng, images, holes, normal, tissue)
    yield "healing", time.perf_counter() - begun, filled


if __name__ == "__main__":
    main()
