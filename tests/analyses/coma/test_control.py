"""Contributions are reasons only if other patients show them again and shuffled labels do not."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.control import UNCONTROLLED, control_reasons, stored_control
from bidsapp.analyses.coma.features.regional import Regional
from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.models.median import Median
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.predict import judge_patient
from bidsapp.analyses.coma.reasons import reason_table, why_no_reasons
from bidsapp.analyses.coma.rows import make_rows
from bidsapp.analyses.coma.train import Source, fit_bundle
from bidsapp.analyses.coma.trained import Trained, read_trained
from bidsapp.analyses.coma.words import warnings
from bidsapp.recipe import Recipe, Value

REGIONS = 12
QUICK: dict[str, Value] = {
    "models": ["median", "regions"], "folds": 2, "inner_folds": 2, "repeats": 1, "permutations": 0,
    "resamples": 100,
}  # fmt: skip


def draw(planted: float, seed: int = 3) -> tuple[list[Patient], NDArray[np.float64]]:
    """Draw 40 patients; the score follows three of twelve regions by ``planted`` points a unit, and noise."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(40, REGIONS)) + rng.normal(size=(40, 1))
    score = 11 + planted * (values[:, 0] - values[:, 1] + values[:, 2]) + 2 * rng.normal(size=40)
    patients = [
        Patient(subject=f"{number:02}", regions={"FA": {f"r{i:02}": v for i, v in enumerate(row.tolist())}})
        for number, row in enumerate(values)
    ]
    return patients, np.clip(score, 0, 23)


def linear() -> Linear:
    return Linear("regions", "Regions, ridge", [Regional()])


def test_planted_regions_pass_and_noise_does_not() -> None:
    for planted, passed in ((2.0, True), (0.0, False)):
        patients, score = draw(planted)
        groups = [patient.subject for patient in patients]
        check = control_reasons(linear, patients, score, groups, seed=0)
        assert check is not None
        assert check.passed is passed
        assert check.value == pytest.approx(0.05) if passed else check.value > 0.05
        assert f"p = {check.value:.2g}" in check.sentence
        assert control_reasons(linear, patients, score, groups, seed=0) == check


def test_noise_passes_no_more_often_than_it_may() -> None:
    """At p of 0.05 at most one of twenty cohorts without any effect passes; of eight, two would be many."""
    passed = 0
    for seed in range(8):
        patients, score = draw(0.0, seed=10 + seed)
        check = control_reasons(linear, patients, score, [p.subject for p in patients], seed=seed)
        assert check is not None
        passed += check.passed
    assert passed <= 2


def test_a_model_that_is_no_sum_has_nothing_to_control() -> None:
    patients, score = draw(1.0)
    assert control_reasons(Median, patients, score, [p.subject for p in patients], seed=0) is None


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Trained]:
    """Bundles of a cohort with an effect and of one without."""
    packaged = Recipe.read("coma", ANALYSIS.recipe)
    recipe = replace(packaged, values={**packaged.values, **QUICK})
    fit = partial(fit_bundle, recipe=recipe, seed=0, source=Source("coma-made-up", "made up", take="regions"))
    found = {}
    for planted in (True, False):
        rows = make_rows(*draw(2.0 * planted), "crs_r", Options.of(recipe))
        path: Path = tmp_path_factory.mktemp("bundle") / "bundle"
        found[planted] = read_trained(fit(rows, path=path))
    return found


def test_reasons_that_passed_are_shown_whole_with_their_control(trained: dict[bool, Trained]) -> None:
    own = trained[True]
    patient = draw(2.0)[0][0]
    table = reason_table(patient, own)
    assert table is not None
    assert table.display == "reasons"
    assert len(table.rows) == REGIONS
    assert "correlate by" in table.columns[1].description
    mean = own.doubt.state.label.mean()
    total = sum(float(row[1] or 0) for row in table.rows) + mean
    assert total == pytest.approx(float(own.model.predict([patient])[0]), abs=1e-6)
    assert why_no_reasons(own) == ""
    assert "are shown" in (own.bundle.path / "docs" / "README.md").read_text(encoding="utf-8")


def test_the_pattern_beside_a_reason_is_its_correlation_with_the_prediction(
    trained: dict[bool, Trained],
) -> None:
    own, patients = trained[True], draw(2.0)[0]
    table = reason_table(patients[0], own)
    assert table is not None
    assert [column.name for column in table.columns] == ["feature", "contribution", "pattern"]
    predicted = own.model.predict(patients)
    for feature, _, pattern in table.rows:
        values = [patient.regions["FA"][str(feature).removeprefix("FA:")] for patient in patients]
        assert pattern == pytest.approx(np.corrcoef(values, predicted)[0, 1])
    older = reason_table(patients[0], replace(own, patterns={}))
    assert older is not None
    assert older.rows == tuple(row[:2] for row in table.rows)


def test_reasons_that_failed_are_not_shown_and_the_report_says_so(trained: dict[bool, Trained]) -> None:
    own = trained[False]
    patient = draw(0.0)[0][0]
    assert reason_table(patient, own) is None
    assert own.patterns == {}
    said = warnings(judge_patient(patient, own), own, patient)
    assert said[-1].startswith("What moved the prediction is not shown. Contributions in two halves")


def test_a_bundle_from_before_the_control_shows_no_reasons() -> None:
    assert stored_control({}) == (False, UNCONTROLLED)
