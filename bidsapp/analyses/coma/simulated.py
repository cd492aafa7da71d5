"""Simulated coma patients as the models of the coma analysis see them.

SIMULATED: they show no person, and nothing measured on them is a claim about patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.encoding import WITHOUT_UNIT
from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.images.templates import Region
from bidsapp.simulate.coma.head import Head, average_head, region_means
from bidsapp.simulate.coma.patient import SimulatedPatient, simulate_cohort
from bidsapp.simulate.coma.signals import Signals
from bidsapp.simulate.coma.study import Study

MISSING = 0.2
_FARTHEST = 6.0  # robust standard deviations
_MAD_TO_SD = 1.4826


@lru_cache(maxsize=1)
def simulated_patients(count: int, seed: int = 0) -> tuple[tuple[Patient, ...], NDArray[np.float64]]:
    """Simulate patients with the average head, a fifth of the scans missing, and their CRS-R.

    Parameters
    ----------
    count
        How many.
    seed
        Same seed, same patients.

    Returns
    -------
    tuple
        Patients, volumes on the grid of :func:`bidsapp.analyses.coma.encoding.encode`, and scores of shape
        (patients,); kept for the next call, since every fold asks.
    """
    head = average_head()
    found = list(simulate_cohort(count, [head], Study(seed=seed, missing=MISSING)))
    scores = np.array([item.crsr for item in found], dtype=np.float64)
    return tuple(as_patient(item, head) for item in found), scores


def as_patient(simulated: SimulatedPatient, head: Head, *, volumes: bool = True) -> Patient:
    """Give what models see: images without unit in robust standard deviations, means of regions, signals."""
    names = {region.name: region_name(region) for region in head.regions}
    images = {
        key: scaled(image, head.brain) if key in WITHOUT_UNIT else image
        for key, image in simulated.volumes.items()
    }
    return Patient(
        subject=simulated.subject,
        volumes=images if volumes else {},
        series={key: as_series(signals, names) for key, signals in simulated.series.items()},
        regions={
            key: {names[name]: mean for name, mean in region_means(head, image).items()}
            for key, image in images.items()
        },
        clinical=simulated.clinical,
    )


def as_series(signals: Signals, names: Mapping[str, str]) -> Series:
    """Give signals with the names of regions that the analysis uses."""
    return Series(
        regions=tuple(names[name] for name in signals.regions),
        values=signals.values,
        times=signals.times,
        durations=signals.durations,
    )


def region_name(region: Region) -> str:
    """Give ``left Thalamus Proper`` of ``Left_Thalamus_Proper``."""
    words = region.name.removeprefix("Right_").removeprefix("Left_").replace("_", " ")
    return words if region.side == "none" else f"{region.side} {words}"


def scaled(image: NDArray[np.float32], brain: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Put an image on one scale: robust standard deviations around the median of the brain."""
    values = image[brain]
    median = np.median(values)
    spread = _MAD_TO_SD * np.median(np.abs(values - median))
    deviations = np.clip((image - median) / spread, -_FARTHEST, _FARTHEST)
    return np.asarray(np.where(brain, deviations, 0), dtype=np.float32)
