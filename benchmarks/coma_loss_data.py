"""Patients for the comparison of losses: stroke lesions with their NIHSS, and a simulated score.

    python benchmarks/coma_loss_data.py

prints what there is. Data: $BIDSAPP_REALDATA or ../shared/data, folder ``soop``.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.images.grids import resample
from bidsapp.images.templates import load_atlas
from bidsapp.images.volume import read_volume

DATA = Path(os.environ.get("BIDSAPP_REALDATA", Path(__file__).parents[2] / "shared" / "data"))
Array = NDArray[np.float64]
NIHSS_LEVELS, CRS_R_LEVELS = 43, 24


@dataclass(frozen=True, eq=False)
class Patients:
    """A table of patients.

    Attributes
    ----------
    features
        Shape (n, d).
    score
        Without added noise, shape (n,).
    volume
        Columns of ``features`` that hold the simplest known predictor.
    levels
        Number of levels of the score.
    """

    features: Array
    score: Array
    volume: tuple[int, ...]
    levels: int

    def __len__(self) -> int:
        return len(self.score)


def read_strokes() -> Patients:
    """Read lesion masks as loads of regions, with volume and age.

    Features, fixed before any loss was tried: logarithm of 1 + lesion volume (ml), age (years), and the
    square root of the share of each Neuromorphometrics region that is lesion; regions hit in fewer than 6
    patients (1 %) are left out, which looks at masks and never at scores.
    """
    with (DATA / "soop" / "participants.tsv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["nihss"] != "n/a"]
    labels, shares, volumes = None, [], []
    for row in rows:
        mask = read_volume(DATA / "soop" / f"{row['participant_id']}_space-MNI_label-L_mask.nii.gz")
        if labels is None:
            atlas = resample(load_atlas(1).labels, mask.grid, interpolation="nearest").data
            labels = np.rint(atlas).astype(np.int64).ravel()
            sizes = np.bincount(labels)
        hurt = mask.data.ravel() > 0.5
        shares.append(np.bincount(labels[hurt], minlength=sizes.size) / np.maximum(sizes, 1))
        volumes.append(hurt.sum() * mask.voxel_volume)
    load = np.asarray(shares)[:, 1:]
    load = np.sqrt(load[:, (load > 0).sum(axis=0) >= 6])
    age = np.array([float(row["age"].rstrip("+")) for row in rows])  # "89+" hides who is older
    features = np.column_stack([np.log1p(volumes), age, load])
    return Patients(features, np.array([float(row["nihss"]) for row in rows]), (0,), NIHSS_LEVELS)


def simulate_scores(patients: int, seed: int, *, features: int = 60) -> Patients:
    """Draw SIMULATED patients whose score follows from eight of many correlated, skewed features.

    The latent injury is a sum of eight features plus a tenth of its variance as noise, cut into 24 levels
    whose shares are those of a skewed clinical score (few at the top). The first column is the mean of all
    features: what a volume is to a lesion.
    """
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(patients, 6)) @ np.random.default_rng(0).normal(size=(6, features)) / 6**0.5
    regions = np.exp(0.5 * (common + rng.normal(size=(patients, features))))
    injury = regions[:, :8].sum(axis=1)
    injury = (injury - 8 * np.exp(0.25)) / 4
    latent = injury + rng.normal(size=patients) * 0.1**0.5
    cuts = -1.4 + 4.2 * np.linspace(0, 1, CRS_R_LEVELS - 1) ** 1.3
    score = np.searchsorted(cuts, latent).astype(np.float64)
    columns = np.column_stack([regions.mean(axis=1), regions])
    return Patients(columns, score, (0,), CRS_R_LEVELS)


def main() -> None:
    """Print the size and the scores of both."""
    for name, people in (("stroke", read_strokes()), ("simulated", simulate_scores(2000, 1))):
        quartiles = np.percentile(people.score, [0, 25, 50, 75, 100])
        print(f"{name}: {people.features.shape[0]} x {people.features.shape[1]}, score quartiles {quartiles}")


if __name__ == "__main__":
    main()
