"""The interval that a recipe names, in the bundle and its words; older bundles keep theirs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.interval_words import how_intervals_are_made, meaning_of_interval
from bidsapp.analyses.coma.models.registry import models_with
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.predict import judge_patient
from bidsapp.analyses.coma.rows import make_rows
from bidsapp.analyses.coma.train import Source, cover, fit_bundle
from bidsapp.analyses.coma.trained import Trained, read_trained
from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.learning.confidence.by_score import INTERVALS, by_score_interval
from bidsapp.learning.confidence.cross_fit import left_out_intervals
from bidsapp.learning.confidence.interval import IntervalRule, plus_interval
from bidsapp.learning.validation.splits import repeated_folds
from bidsapp.recipe import Recipe, Value

Patients = tuple[tuple[Patient, ...], np.ndarray]
Fit = Callable[..., Bundle]
_MEASURED = {"all": {"share": [0.92, 0.9, 0.94]}, "low": {"share": [0.91, 0.86, 0.94]}}
_MEASURED |= {"high": {"share": [0.895, 0.84, 0.93]}}


@pytest.fixture(scope="module")
def bedside(cohort: Patients) -> Patients:
    """Patients of whom bedside facts alone are known."""
    return tuple(replace(patient, series={}, regions={}) for patient in cohort[0]), cohort[1]


@pytest.fixture
def fit(bedside: Patients, make_recipe: Callable[..., Recipe], tmp_path: Path) -> Fit:
    """Give a function that fits a bundle of ridge on bedside facts."""

    def bundle(sessions: Patients = bedside, take: str = "clinical", **values: Value) -> Bundle:
        recipe = make_recipe(models=["median", take], permutations=0, **values)
        rows = make_rows(*sessions, "crs_r", Options.of(recipe))
        return fit_bundle(rows, recipe, tmp_path / "bundle", seed=1, source=Source("b", "", take=take))

    return bundle


def _interval(trained: Trained, patient: Patient) -> tuple[float, float]:
    found = judge_patient(patient, trained).interval
    assert found is not None
    return found


def _by(rule: IntervalRule, trained: Trained, patient: Patient) -> tuple[float, float]:
    predicted = trained.doubt.predict(patient)[:, None]
    found = rule(trained.doubt.state, predicted, miss=0.1, lowest=0.0, highest=23.0)
    return float(found.low[0]), float(found.high[0])


@pytest.mark.parametrize(
    ("name", "rule", "other"),
    [("by-score", by_score_interval, plus_interval), ("plain", plus_interval, by_score_interval)],
)
def test_a_bundle_gives_the_interval_that_its_recipe_names(
    fit: Fit, bedside: Patients, name: str, rule: IntervalRule, other: IntervalRule
) -> None:
    patients, target = bedside
    bundle = fit(interval=name)
    trained = read_trained(bundle)
    np.testing.assert_array_equal(trained.doubt.state.label, target)
    own = [_interval(trained, patient) for patient in patients[:3]]
    np.testing.assert_allclose(own, [_by(rule, trained, patient) for patient in patients[:3]])
    assert not np.allclose(own, [_by(other, trained, patient) for patient in patients[:3]])
    words = how_intervals_are_made(trained.options, bundle.metadata)
    assert words in (bundle.path / "docs" / "README.md").read_text(encoding="utf-8")
    assert ("third of the scores" in words) == (name == "by-score")


def test_coverage_is_measured_on_the_intervals_that_the_recipe_names(
    bedside: Patients, make_recipe: Callable[..., Recipe]
) -> None:
    widths = {}
    for name, rule in INTERVALS.items():
        options = Options.of(make_recipe(interval=name))
        rows = make_rows(*bedside, "crs_r", options)
        outer = repeated_folds(rows.target, rows.groups, folds=5, seed=1)[0]
        left_out = left_out_intervals(
            models_with(options.learning)["clinical"], rows.patients, rows.target, rows.groups, outer,
            folds=5, rule=rule, lowest=0.0, highest=23.0,
        )  # fmt: skip
        widths[name] = cover(rows, "clinical", options, seed=0)["all"].mean_width
        assert widths[name] == pytest.approx(left_out.width.mean())
    assert widths["by-score"] > widths["plain"]


def test_by_score_is_the_default() -> None:
    assert Options.of(Recipe.read("coma", ANALYSIS.recipe)).interval == "by-score"


def test_a_bundle_from_before_keeps_the_plain_interval(fit: Fit, bedside: Patients, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(fit().path, old)
    file = old / "configs" / "metadata.json"
    metadata = json.loads(file.read_text(encoding="utf-8"))
    del metadata["recipe"]["interval"]
    file.write_text(json.dumps(metadata), encoding="utf-8")
    trained = read_trained(Bundle.read(old))
    patient = bedside[0][0]
    assert trained.options.interval == "plain"
    assert _interval(trained, patient) == pytest.approx(_by(plus_interval, trained, patient))


def test_a_recipe_names_an_interval_that_exists(make_recipe: Callable[..., Recipe]) -> None:
    with pytest.raises(BadDataError, match="'interval' is 'wide'; it can be by-score, plain"):
        Options.of(make_recipe(interval="wide"))


@pytest.mark.parametrize(
    ("model", "interval", "name", "made"),
    [
        ("clinical", "by-score", "CV+ by score", "Vovk, 2013"),
        ("clinical", "plain", "CV+", "Barber et al., 2021, Ann Stat 49:486), cut at the ends"),
        ("median", "by-score", "of the training scores", "Intervals (90%) are those of the training scores."),
    ],
)
def test_the_interval_is_named_with_its_coverage_of_all_and_of_thirds(
    make_recipe: Callable[..., Recipe], model: str, interval: str, name: str, made: str
) -> None:
    options = Options.of(make_recipe(interval=interval))
    metadata = {"model": model, "coverage": _MEASURED, "patients": 600, "sessions": 600}
    assert meaning_of_interval(options, metadata) == (
        f"90% interval ({name}); on left-out patients it holds 92% (90% to 94%) of 600: 91% of low, "
        "90% of high scores"
    )
    assert made in how_intervals_are_made(options, metadata)


def test_the_range_of_a_probability_is_no_interval(make_recipe: Callable[..., Recipe]) -> None:
    options, metadata = Options.of(make_recipe(kind="outcome")), {"model": "clinical"}
    assert meaning_of_interval(options, metadata) == "range over the models of the folds"
    assert "that over the models of the folds" in how_intervals_are_made(options, metadata)


def test_card_and_report_count_the_sessions_of_a_patient_alike(fit: Fit, bedside: Patients) -> None:
    patients, target = bedside
    again = tuple(replace(patient, session="2") for patient in patients)
    bundle = fit(sessions=((*patients, *again), np.tile(target, 2)), take="median")
    share, low, high = bundle.metadata["coverage"]["all"]["share"]
    number = f"{share:.0%} ({low:.0%} to {high:.0%}) of 80 sessions of 40"
    assert f"- all: {number} left-out patients lie within" in (bundle.path / "docs" / "README.md").read_text()
    assert f"holds {number}: " in meaning_of_interval(Options.of_bundle(bundle.metadata), bundle.metadata)
