"""Real patients of the coma benchmarks: 50 in disorders of consciousness (pdoc), 600 with a stroke (soop).

Both folders are found below the folder that the environment variable BIDSAPP_REALDATA names.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.images.grids import resample
from bidsapp.images.templates import load_atlas
from bidsapp.images.volume import Volume, read_volume

REPETITION_TIME = 2.0  # seconds; Song et al. 2018, Beijing 750 cohort
RECOVERED = 3  # Glasgow Outcome Scale from which on Song et al. call a patient recovered
_FEWEST_LESIONED = 10


@dataclass(frozen=True, eq=False)
class Study:
    """Patients and what is to be predicted of them, shape (patients,), by name."""

    patients: tuple[Patient, ...]
    targets: dict[str, NDArray[np.float64]]

    @property
    def subjects(self) -> list[str]:
        """Label of each patient."""
        return [patient.subject for patient in self.patients]


def real_data(name: str) -> Path:
    """Give a folder of the real data."""
    return Path(os.environ["BIDSAPP_REALDATA"]) / name


def read_pdoc() -> Study:
    """Read patients with resting-state signals of 22 regions, age, months since injury and etiology.

    ``crsr`` is the Coma Recovery Scale-Revised at follow-up, a year or more after the scan (the regression
    target of Song et al. 2018, as their published training data hold it): it is no covariate of ``recovered``
    (Glasgow Outcome Scale of 3 or more, at the same visit), and nothing of the follow-up is a covariate here.
    """
    folder = real_data("pdoc")
    table = _read_table(folder / "participants.tsv")
    table = table[table["group"] == "doc"]
    patients = []
    for row in table.itertuples():
        clinical = {"age": row.age, "months_since_injury": row.months_since_injury, "etiology": row.etiology}
        series = _read_series(folder / f"{row.participant_id}_task-rest_timeseries.tsv")
        subject = row.participant_id.removeprefix("sub-")
        patients.append(Patient(subject=subject, series={"bold": series}, clinical=clinical))
    recovered = (table["gos"] >= RECOVERED).to_numpy(np.float64)
    return Study(tuple(patients), {"crsr": table["crs_r"].to_numpy(np.float64), "recovered": recovered})


def _read_series(path: Path) -> Series:
    """Read signals; censored frames were cut out before filtering, so times run as if there were no gaps."""
    table = pd.read_csv(path, sep="\t")
    frames = np.arange(len(table))
    return Series(
        regions=tuple(table.columns),
        values=table.to_numpy(np.float32),
        times=(frames + 0.5) * REPETITION_TIME,
        durations=np.full(frames.size, REPETITION_TIME),
    )


def read_soop() -> Study:
    """Read stroke patients: share of each region of Neuromorphometrics lesioned, log volume, age and sex.

    Regions that fewer than 10 of the 600 patients have a lesion in are left out, by the masks alone.
    """
    folder = real_data("soop")
    table = _read_table(folder / "participants.tsv")
    paths = [folder / f"{label}_space-MNI_label-L_mask.nii.gz" for label in table["participant_id"]]
    names, shares, volumes = lesion_loads(paths)
    common = (shares > 0).sum(axis=0) >= _FEWEST_LESIONED
    patients = []
    for row, share, volume in zip(table.itertuples(), shares, volumes, strict=True):
        load = {name: float(x) for name, x, kept in zip(names, share, common, strict=True) if kept}
        clinical = {"age": row.age, "sex": row.sex, "log_volume": float(np.log1p(volume))}
        subject = row.participant_id.removeprefix("sub-")
        patients.append(Patient(subject=subject, regions={"lesion": load}, clinical=clinical))
    return Study(tuple(patients), {"nihss": table["nihss"].to_numpy(np.float64)})


def lesion_loads(
    paths: list[Path],
) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Give names of regions, share of each lesioned (patients, regions), and volumes in ml (patients,)."""
    first = read_volume(paths[0])
    atlas = load_atlas(1)
    labels = _labels_on(atlas.labels, first)
    size = int(labels.max()) + 1
    whole = np.bincount(labels, minlength=size)
    regions = [region for region in atlas.regions if whole[region.index]]
    indices = [region.index for region in regions]
    shares, volumes = [], []
    for path in paths:
        mask = read_volume(path)
        if not mask.grid.same_as(first.grid):
            raise ValueError(f"{path} is not on the grid of the others")
        inside = mask.data.ravel() > 0.5
        hit = np.bincount(labels[inside], minlength=size)
        shares.append(hit[indices] / whole[indices])
        volumes.append(inside.sum() * mask.voxel_volume)
    return tuple(region.name for region in regions), np.array(shares), np.array(volumes)


def _labels_on(labels: Volume, image: Volume) -> NDArray[np.int64]:
    moved = resample(labels, image.grid, interpolation="nearest")
    return np.rint(moved.data).astype(np.int64).ravel()


def _read_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", na_values="n/a")
