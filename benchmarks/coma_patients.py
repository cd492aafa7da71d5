"""Real patients of the coma benchmarks: 50 in disorders of consciousness (pdoc), 600 with a stroke (soop).

Both folders are found below the folder that the environment variable BIDSAPP_REALDATA names.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bidsapp.analyses.coma.encoding import LESION, LOG_VOLUME, Image, coarse, lesion_load
from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.images.shares import share_on
from bidsapp.images.templates import DEFAULT_ATLAS, template_grid
from bidsapp.images.volume import read_volume

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


def read_pdoc_controls() -> tuple[Patient, ...]:
    """Read the healthy controls of the same scanner; no score may be learned from them."""
    folder = real_data("pdoc")
    table = _read_table(folder / "participants.tsv")
    labels = table.loc[table["group"] == "control", "participant_id"]
    return tuple(
        Patient(
            subject=label.removeprefix("sub-"),
            series={"bold": _read_series(folder / f"{label}_task-rest_timeseries.tsv")},
        )
        for label in labels
    )


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


def read_soop(*, volumes: bool = False) -> Study:
    """Read stroke patients: share of each region of Neuromorphometrics lesioned, log volume, age and sex.

    Masks are read as the app reads them. Their grid of 1 mm is of MNI space as the masks' makers warped to
    it, which is not exactly that of MNI152NLin2009cAsym: borders of regions may be off by a millimetre or
    two. An age of "89+" is 89. Regions that fewer than 10 of the 600 patients have a lesion in are left out,
    by the masks alone. With ``volumes`` the masks are kept, too, as the app's networks see them, at 4 mm.
    """
    folder = real_data("soop")
    table = _read_table(folder / "participants.tsv")
    paths = [folder / f"{label}_space-MNI_label-L_mask.nii.gz" for label in table["participant_id"]]
    masks = (read_mask(path) for path in paths)
    read = [(*lesion_load(mask, DEFAULT_ATLAS), coarse(mask) if volumes else None) for mask in masks]
    hit = Counter(name for shares, *_ in read for name, share in shares.items() if share > 0)
    patients = []
    for row, (shares, log_volume, image) in zip(table.itertuples(), read, strict=True):
        load = {name: share for name, share in shares.items() if hit[name] >= _FEWEST_LESIONED}
        clinical = {"age": float(str(row.age).removesuffix("+")), "sex": row.sex, LOG_VOLUME: log_volume}
        subject = row.participant_id.removeprefix("sub-")
        seen = {} if image is None else {LESION: image}
        patients.append(Patient(subject=subject, volumes=seen, regions={LESION: load}, clinical=clinical))
    return Study(tuple(patients), {"nihss": table["nihss"].to_numpy(np.float64)})


def read_mask(path: Path) -> Image:
    """Give the share of each voxel of 2 mm of standard space that is within a mask."""
    return np.asarray(share_on(read_volume(path), template_grid(2)).data, dtype=np.float32)


def _read_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", na_values="n/a")
