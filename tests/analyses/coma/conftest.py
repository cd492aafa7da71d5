"""Made-up patients: in memory, their score follows age; as files, it follows the coupling of a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.cohort import Cohort, Member
from bidsapp.recipe import Recipe, Value

REGIONS = ("DMN.a", "DMN.b", "SN.a", "SN.b", "SN.c")
SIGNALS = ("DMN.PCC", "DMN.MPFC", "SN.INS", "SN.ACC", "VIS.V1", "VIS.V4")


def slow_noise(rng: np.random.Generator, frames: int, columns: int) -> np.ndarray:
    """Noise of variance 1 of which a frame and the next one correlate by 0.6."""
    noise = rng.normal(size=(frames, columns))
    for frame in range(1, frames):
        noise[frame] = 0.6 * noise[frame - 1] + 0.8 * noise[frame]
    return noise


def write_series(path: Path, coupling: float, seed: int, regions: tuple[str, ...] = SIGNALS) -> Path:
    """Write 80 frames of 2 s; regions of a network share a part of their signal, the first ``coupling``."""
    rng = np.random.default_rng(seed)
    values = slow_noise(rng, 80, len(regions))
    shared = slow_noise(rng, 80, len(regions) // 2)
    for network in range(len(regions) // 2):
        share = coupling if network == 0 else 0.3
        for region in (2 * network, 2 * network + 1):
            values[:, region] = np.sqrt(1 - share) * values[:, region] + np.sqrt(share) * shared[:, network]
    rows = ["\t".join(regions), *("\t".join(f"{value:.5f}" for value in row) for row in values)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    timing = {"FrameTimesStart": (2.0 * np.arange(80)).tolist(), "FrameDuration": [2.0] * 80}
    path.with_suffix(".json").write_text(json.dumps(timing), encoding="utf-8")
    return path


@pytest.fixture
def make_member(tmp_path: Path) -> Callable[..., Member]:
    """Give a function that makes a member with signals."""

    def make(number: int, coupling: float, **covariates: str | float) -> Member:
        path = write_series(tmp_path / f"sub-{number:02d}_timeseries.tsv", coupling, seed=number)
        return Member(subject=f"{number:02d}", series={"bold": path}, covariates=covariates)

    return make


@pytest.fixture
def sessions(make_member: Callable[..., Member]) -> Cohort:
    """Thirty patients: score 1 to 22, higher where the first network is coupled more."""
    rng = np.random.default_rng(7)
    members = []
    for number, coupling in enumerate(np.linspace(0.02, 0.95, 30)):
        score = float(np.clip(np.rint(22 * coupling + rng.normal(0, 1)), 0, 23))
        members.append(make_member(number, coupling, crs_r=score, age=float(rng.integers(20, 80))))
    return Cohort(tuple(members))


@pytest.fixture
def make_recipe() -> Callable[..., Recipe]:
    """Give a function that makes a quick recipe."""

    def make(**values: Value) -> Recipe:
        recipe = Recipe.read("coma", ANALYSIS.recipe)
        quick: dict[str, Value] = {
            "models": ["median", "clinical", "networks"],
            "repeats": 1,
            "permutations": 9,
            "resamples": 100,
        }
        return replace(recipe, values={**recipe.values, **quick, **values})

    return make


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
