"""Made-up patients whose score is the coupling of one network: ready signals of regions, covariates."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.cohort import Cohort, Member
from bidsapp.recipe import Recipe, Value

REGIONS = ("DMN.PCC", "DMN.MPFC", "SN.INS", "SN.ACC", "VIS.V1", "VIS.V4")


def write_series(path: Path, coupling: float, seed: int, regions: tuple[str, ...] = REGIONS) -> Path:
    """Write 80 frames of 2 s; regions of a network share a part of their signal, the first ``coupling``."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(80, len(regions)))
    shared = rng.normal(size=(80, len(regions) // 2))
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
def cohort(make_member: Callable[..., Member]) -> Cohort:
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
