from __future__ import annotations

import numpy as np
import pytest

from bidsapp.analyses.coma.patient import Patient, Series

REGIONS = ("DMN.a", "DMN.b", "SN.a", "SN.b", "SN.c")


def make_series(rng: np.random.Generator, frames: int, coupling: float = 0.0) -> Series:
    """Noise of which a share is common to the two regions of DMN; frames of 2 s."""
    values = rng.standard_normal((frames, len(REGIONS)))
    values[:, 1] = coupling * values[:, 0] + np.sqrt(1 - coupling**2) * values[:, 1]
    return Series(
        regions=REGIONS,
        values=values.astype(np.float32),
        times=2.0 * np.arange(frames) + 1,
        durations=np.full(frames, 2.0),
    )


@pytest.fixture(scope="session")
def cohort() -> tuple[tuple[Patient, ...], np.ndarray]:
    """Forty patients whose score is 10 - (age - 50) / 5 with noise; every fifth lacks a part."""
    rng = np.random.default_rng(7)
    patients, score = [], []
    for number in range(40):
        age = float(rng.uniform(20, 80))
        clinical = {
            "age": age,
            "months_since_injury": float(rng.integers(1, 50)),
            "etiology": ("trauma", "anoxia", "stroke")[number % 3],
        }
        regions = {"FA": {"thalamus": rng.normal(), "pons": rng.normal()}, "anomaly": {"pons": rng.random()}}
        series = {"bold": make_series(rng, int(rng.integers(13, 60)), coupling=0.5)}
        if number % 5 == 1:
            series = {}
        if number % 5 == 2:
            regions.pop("FA")
        if number % 5 == 3:
            clinical.pop("months_since_injury")
        patients.append(Patient(subject=f"{number:02}", series=series, regions=regions, clinical=clinical))
        score.append(10 - (age - 50) / 5 + rng.normal())
    return tuple(patients), np.array(score)
