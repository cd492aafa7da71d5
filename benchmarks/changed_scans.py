"""Simulated second scans: raw T1w with noise, in another position, or of another resolution."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from bidsapp.cohort import Member
from bidsapp.files import write_json
from bidsapp.images.grids import isotropic_grid, resample
from bidsapp.images.volume import Volume, read_volume, write_volume

Change = Callable[[Volume, float, np.random.Generator], Volume]
NOISE = 0.03
DEGREES = (4.0, -3.0, 2.0)
SHIFT_VOXELS = (0.4, -0.4, 0.4)
COARSE_MM = 2.5


def add_noise(volume: Volume, white: float, rng: np.random.Generator) -> Volume:
    """Add the noise of a magnitude image: of real and imaginary part, 3 % of white matter each."""
    real, imaginary = rng.normal(0, NOISE * white, (2, *volume.data.shape))
    return volume.with_data(np.hypot(volume.data + real, imaginary))


def move(volume: Volume, white: float, rng: np.random.Generator) -> Volume:
    """Turn and shift the head within the field of view; the affine stays."""
    turn = Rotation.from_euler("xyz", DEGREES, degrees=True).as_matrix()
    scale = np.diag(volume.voxel_size)
    matrix = np.linalg.inv(scale) @ turn @ scale
    centre = (np.asarray(volume.data.shape) - 1) / 2
    offset = centre - matrix @ centre + np.asarray(SHIFT_VOXELS)
    moved = ndimage.affine_transform(volume.data, matrix, offset, order=3, mode="constant")
    return volume.with_data(np.maximum(moved, 0))


def coarsen(volume: Volume, white: float, rng: np.random.Generator) -> Volume:
    """Sample on larger voxels, smoothed first so that nothing aliases."""
    return resample(volume, isotropic_grid(volume.grid, COARSE_MM))


CHANGES: Mapping[str, Change] = {"noise": add_noise, "position": move, "resolution": coarsen}


def raw_t1w(bids: Path, subject: str) -> Path:
    """Name a raw T1w of the controls."""
    return bids / f"sub-{subject}" / "anat" / f"sub-{subject}_T1w.nii.gz"


def write_changed(
    members: Sequence[Member], source: Path, bids: Path, changes: Sequence[str], seed: int
) -> None:
    """Write a dataset of changed raw scans, each as a subject of its own with the person's age and sex."""
    rows = ["participant_id\tage\tsex"]
    for index, member in enumerate(members):
        raw = read_volume(raw_t1w(source, member.subject))
        tissue = resample(read_volume(member.native["WM"]), raw.grid)
        white = float(np.median(raw.data[tissue.data > 0.9]))
        for name in changes:
            label = member.subject + name
            changed = CHANGES[name](raw, white, np.random.default_rng([seed, index]))
            raw_t1w(bids, label).parent.mkdir(parents=True, exist_ok=True)
            write_volume(raw_t1w(bids, label), changed)
            rows.append("\t".join([f"sub-{label}", *(str(member.covariates[key]) for key in ("age", "sex"))]))
    (bids / "participants.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    description = {"Name": "Simulated rescans of healthy heads", "BIDSVersion": "1.10.0"}
    write_json(bids / "dataset_description.json", description)
    if (source / "T1w.json").is_file():
        shutil.copy(source / "T1w.json", bids / "T1w.json")
