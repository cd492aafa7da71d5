"""The model ``anomaly`` reads the regional table of the analysis of that name, in training and prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.models.registry import MODELS, applicable
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.rows import read_rows
from bidsapp.analyses.coma.train import train
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort, Member, RegionValues
from bidsapp.errors import BadDataError
from bidsapp.findings import Findings
from bidsapp.recipe import Recipe

MakeRecipe = Callable[..., Recipe]
THALAMUS = "Thalamus Proper (left)"
OTHERS = ("Brain Stem", "Pallidum (left)", "Cuneus (left)", "Cuneus (right)")


def member(
    number: int, share: float, others: Sequence[float] = (0.0,) * 4, *, bundle: str = "one", **said: float
) -> Member:
    found = RegionValues(bundle=bundle, values={THALAMUS: share, **dict(zip(OTHERS, others, strict=True))})
    return Member(subject=f"{number:02}", regions={"anomaly": found}, covariates=said)


@pytest.fixture
def injured() -> Cohort:
    """Thirty patients: 20 points less a fifth per percent of the thalamus; other regions tell nothing."""
    shares = np.random.default_rng(3).uniform(0, 90, (30, 5))
    shares[:2] = 0.0  # two maps that found nothing are no leak
    members = [
        member(number, own[0], own[1:].tolist(), crs_r=round(20 - own[0] / 5))
        for number, own in enumerate(shares)
    ]
    return Cohort(tuple(members))


@pytest.fixture
def bundle(injured: Cohort, make_recipe: MakeRecipe, tmp_path: Path) -> Bundle:
    recipe = make_recipe(models=["median", "anomaly"], permutations=0)
    return train(injured, recipe, tmp_path / "bundle", seed=3, target="crs_r")


def said_of(patient: Member, bundle: Bundle, folder: Path) -> Findings:
    return ANALYSIS.predict(patient, bundle, out_dir=folder, device="cpu", seed=0)


def test_the_model_reads_the_region_that_tells(bundle: Bundle, tmp_path: Path) -> None:
    assert bundle.metadata["model"] == "anomaly"
    assert bundle.reads_regions_of == {"anomaly": "one"}
    assert bundle.any_modality_of == ()
    found = said_of(member(50, 40.0, [30.0, 60.0, 10.0, 80.0]), bundle, tmp_path)
    assert found.scores[0].value == pytest.approx(12.0, abs=0.5)
    reasons = next(table for table in found.tables if table.display == "reasons")
    assert reasons.rows[0][0] == f"anomaly:{THALAMUS}"


def test_a_map_without_any_finding_is_no_empty_image(bundle: Bundle, tmp_path: Path) -> None:
    assert said_of(member(51, 0.0), bundle, tmp_path).scores[0].value == pytest.approx(20.0, abs=0.7)


def test_without_the_map_there_is_no_score(bundle: Bundle, tmp_path: Path) -> None:
    found = said_of(Member(subject="x"), bundle, tmp_path)
    assert found.scores[0].value is None
    assert "lacks regional shares of an anomaly map" in found.summary


def test_a_map_of_another_bundle_is_not_read(bundle: Bundle, tmp_path: Path) -> None:
    found = said_of(member(52, 40.0, bundle="two"), bundle, tmp_path)
    assert found.scores[0].value is None
    assert any("used another bundle" in warning for warning in found.warnings)


def test_maps_of_two_bundles_make_no_cohort(injured: Cohort, make_recipe: MakeRecipe) -> None:
    mixed = Cohort((*injured.members, member(40, 10.0, bundle="two", crs_r=18.0)))
    with pytest.raises(BadDataError, match=r"sub-40: its .* another bundle than that of sub-00"):
        read_rows(mixed, "crs_r", Options.of(make_recipe()))


def test_fewer_than_half_with_a_map_leave_the_model_out(injured: Cohort, make_recipe: MakeRecipe) -> None:
    few = Cohort(
        tuple(each if i < 10 else replace(each, regions={}) for i, each in enumerate(injured.members))
    )
    found = applicable(read_rows(few, "crs_r", Options.of(make_recipe())).patients)
    assert "anomaly" not in found.names
    assert found.reasons["anomaly"].startswith("10 of 30 patients have regional shares")


def test_a_left_out_patient_changes_nothing_that_is_learned(injured: Cohort, make_recipe: MakeRecipe) -> None:
    rows = read_rows(injured, "crs_r", Options.of(make_recipe()))
    known = MODELS["anomaly"]().fit(rows.patients[:20], rows.target[:20])
    alone = known.predict(rows.patients[20:21])
    beside = known.predict(rows.patients[20:])
    assert beside[0] == alone[0]
    assert known.predict(rows.patients[20:]) == pytest.approx(rows.target[20:], abs=0.7)
