"""What the folds and the reference of a recipe need is said before anything is fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidsapp.analyses.coma import train
from bidsapp.analyses.coma.feasible import check_cohort
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.rows import Rows, make_rows
from bidsapp.analyses.coma.train import Source, fit_bundle
from bidsapp.errors import BadDataError
from bidsapp.recipe import Recipe

MakeRecipe = Callable[..., Recipe]


def rows_of(labels: np.ndarray, recipe: Recipe) -> Rows:
    patients = [Patient(subject=f"{number:02}", clinical={"age": 30.0}) for number in range(labels.size)]
    return make_rows(patients, labels.astype(np.float64), "column", Options.of(recipe))


def check(labels: np.ndarray, recipe: Recipe, *, choosing: bool = True) -> None:
    check_cohort(rows_of(labels, recipe), Options.of(recipe), seed=0, choosing=choosing)


@pytest.mark.parametrize("rare", [5, 6])
def test_a_rare_outcome_that_the_inner_folds_cannot_split_is_refused(
    make_recipe: MakeRecipe, rare: int
) -> None:
    labels = np.arange(30) < rare
    with pytest.raises(
        BadDataError, match="there remain 4 patients of whom 'column' is 1, too few for inner"
    ):
        check(labels, make_recipe(kind="outcome"))
    check(labels, make_recipe(kind="outcome", inner_folds=4))
    check(labels, make_recipe(kind="outcome"), choosing=False)


def test_seven_of_a_rare_outcome_are_enough_for_five_folds_in_five(make_recipe: MakeRecipe) -> None:
    check(np.arange(30) < 7, make_recipe(kind="outcome"))
    with pytest.raises(
        BadDataError, match="There are 4 patients of whom 'column' is 1, too few for folds = 5"
    ):
        check(np.arange(30) < 4, make_recipe(kind="outcome"))


def test_folds_that_leave_a_model_one_patient_of_an_outcome_are_refused(make_recipe: MakeRecipe) -> None:
    with pytest.raises(BadDataError, match="leave 1 patients of the rarer outcome of 'column' to learn from"):
        check(np.arange(30) < 4, make_recipe(kind="outcome", folds=2, inner_folds=2))


def test_as_many_folds_as_patients_are_refused_for_a_score(make_recipe: MakeRecipe) -> None:
    """The coverage of intervals is measured on patients left out of the folds."""
    scores = np.arange(20)
    with pytest.raises(BadDataError, match="there remain 19 patients, too few for folds = 20: lower 'folds'"):
        check(scores, make_recipe(folds=20))
    check(scores, make_recipe(folds=18))


def test_nothing_is_fitted_for_folds_that_cannot_be(
    make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def compare(*_: object, **__: object) -> None:
        raise AssertionError("a model was fitted")

    monkeypatch.setattr(train, "compare", compare)
    recipe = make_recipe(folds=20)
    with pytest.raises(BadDataError, match="folds = 20"):
        fit_bundle(rows_of(np.arange(20), recipe), recipe, tmp_path, seed=0, source=Source("b", ""))


def test_ten_patients_of_whom_one_shows_nothing_are_too_few_for_a_reference(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(minimum_patients=10, folds=2, inner_folds=2)
    rows, rng = rows_of(np.arange(10), recipe), np.random.default_rng(0)
    values = [*rng.normal(size=(9, 3)), np.zeros(3)]
    patients = tuple(
        replace(patient, regions={"FA": dict(zip("abc", own.tolist(), strict=True))})
        for patient, own in zip(rows.patients, values, strict=True)
    )
    rows = replace(rows, patients=patients)
    with pytest.raises(BadDataError, match=r"9 of 10 patients .* \(sub-09: all regions of the FA image"):
        check_cohort(rows, Options.of(recipe), seed=0, choosing=True)
    off = make_recipe(minimum_patients=10, folds=2, inner_folds=2, reference_alpha=0.0)
    check_cohort(rows, Options.of(off), seed=0, choosing=True)


@pytest.mark.parametrize("level", [0.5, 0.4, 1.0])
def test_a_level_lies_above_one_half_and_below_one(make_recipe: MakeRecipe, level: float) -> None:
    with pytest.raises(BadDataError, match="'level' must"):
        Options.of(make_recipe(level=level))
