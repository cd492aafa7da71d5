"""Measure how bright normal-appearing tissue is by place, for the generator of lesions.

    python benchmarks/ms_normal.py PATIENTS --out MAP.nii.gz --source "..."

PATIENTS are preprocessed patients whose lesions are unknown (openms-long); nobody on whom the network is
tested. In standard space (2 mm), for each contrast and tissue: the local mean of grey values weighted by
tissue probability, less the tissue's median in the whole brain. Lesions are kept out twice: voxels far above
what their place and tissue lead to expect are dropped, and maps of the patients and of their mirror images
are joined by the median (grey matter, CSF) or the lower quartile (white matter, where lesions lie in all).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.bids.cohort import read_cohort
from bidsapp.cohort import Member
from bidsapp.files import write_json
from bidsapp.images.volume import read_volume
from bidsapp.simulate.sclerosis.normal import STEP, TISSUES

Array = NDArray[np.float32]
CONTRASTS = ("T1w", "T2w", "FLAIR")
SIGMA_VOXELS = 1.25  # 6 mm full width at half maximum
OUTLIER = 2.5
ROUNDS = 3
QUANTILE = {"GM": 0.5, "WM": 0.25, "CSF": 0.5}
LEAST_WEIGHT = 0.02


def read(member: Member) -> tuple[dict[str, Array], Array]:
    """Give images by contrast and tissue probabilities ``(3, x, y, z)``, in standard space."""
    tissue = np.stack([read_volume(member.standard[name]).data for name in TISSUES])
    images = {name: read_volume(member.standard[name]).data for name in CONTRASTS if name in member.standard}
    return images, tissue


def levels(image: Array, tissue: Array) -> Array:
    """Give the median of each tissue, shape ``(3,)``."""
    return np.array([np.median(image[part > 0.9]) for part in tissue], np.float32)


def deviation(image: Array, tissue: Array, valid: NDArray[np.bool_]) -> Array:
    """Give the local deviation of each tissue from its level; NaN where there is next to none of it."""
    own = levels(image, tissue)
    maps = []
    for part, level in zip(tissue, own, strict=True):
        weight = part**2 * valid
        below = ndimage.gaussian_filter(weight, SIGMA_VOXELS)
        above = ndimage.gaussian_filter(weight * (image - level), SIGMA_VOXELS)
        maps.append(np.where(below > LEAST_WEIGHT, above / np.maximum(below, LEAST_WEIGHT), np.nan))
    return np.stack(maps)


def join(maps: Sequence[Array]) -> Array:
    """Join the maps of patients and their mirror images; 0 where nobody has the tissue."""
    both = np.stack([*maps, *(item[:, ::-1] for item in maps)])
    joined = np.zeros(both.shape[1:], np.float32)
    for place, name in enumerate(TISSUES):
        own = both[:, place]
        there = ~np.isnan(own).all(axis=0)
        joined[place][there] = np.nanquantile(own[:, there], QUANTILE[name], axis=0)
    return joined


def expected(image: Array, tissue: Array, normal: Array) -> Array:
    """Give the grey values that place and tissue lead to expect."""
    own = levels(image, tissue)[:, None, None, None]
    return np.asarray((tissue * (own + normal)).sum(axis=0), np.float32)


def measure(scans: Sequence[tuple[str, Array, Array]]) -> tuple[Array, Array]:
    """Give the joint map ``(3, x, y, z)`` of one contrast and the tissue levels.

    ``scans`` are (subject, image, tissue probabilities).
    """
    valid = [np.ones(image.shape, bool) for _, image, _ in scans]
    normal = np.zeros((3, *scans[0][1].shape), np.float32)
    for _ in range(ROUNDS):
        by_subject: dict[str, list[Array]] = {}
        for (subject, image, tissue), good in zip(scans, valid, strict=True):
            by_subject.setdefault(subject, []).append(deviation(image, tissue, good))
        normal = join([np.nanmean(np.stack(own), axis=0) for own in by_subject.values()])
        for place, (_, image, tissue) in enumerate(scans):
            excess = image - expected(image, tissue, normal)
            solid = tissue[:2].sum(axis=0) > 0.8
            spread = 1.4826 * np.median(np.abs(excess[solid]))
            valid[place] = np.abs(excess) < OUTLIER * spread
            valid[place] |= tissue[2] > 0.5
    return normal, np.median([levels(image, tissue) for _, image, tissue in scans], axis=0)


def main() -> None:
    """Measure and write the map (int8, hundredths of white matter) and what it rests on."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("patients", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--source", required=True, help="whose images, with their licence")
    arguments = parser.parse_args()
    members = read_cohort([arguments.patients]).members
    scans = [(member, *read(member)) for member in members]
    first = nib.load(next(iter(members[0].standard.values())))
    volumes, told = [], {}
    for name in CONTRASTS:
        own = [(m.subject, images[name], tissue) for m, images, tissue in scans if name in images]
        normal, level = measure(own)
        smooth = ndimage.gaussian_filter(normal, (0, 0.7, 0.7, 0.7))[:, ::STEP, ::STEP, ::STEP]
        volumes += [np.clip(np.rint(part * 100), -127, 127).astype(np.int8) for part in smooth]
        told[name] = {key: round(float(value), 3) for key, value in zip(TISSUES, level, strict=True)}
        print(name, told[name], [round(float(np.abs(part).max()), 2) for part in smooth])
    affine = first.affine.copy()
    affine[:3, :3] *= STEP
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.stack(volumes, axis=-1), affine), arguments.out)
    said = {"Levels": told, "Tissues": list(TISSUES), "Units": "hundredths of white matter"}
    path = arguments.out.with_name(arguments.out.name.replace(".nii.gz", ".json"))
    write_json(path, {**said, "Source": arguments.source})


if __name__ == "__main__":
    main()
