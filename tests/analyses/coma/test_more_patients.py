"""The card says what half of the patients would have been worth, where that can be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bidsapp.analyses.coma.more_patients import KEY, card_sentence, error_by_patients
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.rows import Rows
from bidsapp.learning.validation.splits import repeated_folds
from bidsapp.recipe import Recipe


def rows_of(people: int) -> Rows:
    """Give patients whose score is the sum of six numbers and some noise."""
    rng = np.random.default_rng(1)
    table = rng.normal(size=(people, 6))
    score = np.clip(11 + 2 * table.sum(axis=1) + rng.normal(size=people), 0, 23)
    patients = tuple(
        Patient(subject=str(number), clinical={f"x{place}": value for place, value in enumerate(own)})
        for number, own in enumerate(table.tolist())
    )
    return Rows(patients=patients, target=score, categories=np.empty(0, dtype=np.intp), name="crs_r")


def test_more_patients_bring_the_error_down(make_recipe: Callable[..., Recipe]) -> None:
    found = error_by_patients(rows_of(50), "clinical", Options.of(make_recipe()), seed=0)
    assert found is not None
    (half, before), (most, after) = found
    assert (half, most) == (20, 40)  # of the fold that leaves the most people out
    assert 0.5 < after < before < 5
    assert card_sentence({KEY: found}).startswith(
        f"Learning from 20 patients, the model is off by {before:.2f}"
    )


@pytest.mark.parametrize(
    ("people", "name", "kind"),
    [
        (49, "clinical", "score"),
        (50, "median", "score"),
        (50, "fusion", "score"),
        (50, "clinical", "outcome"),
    ],
)
def test_nothing_is_said_of_what_cannot_be_told(
    make_recipe: Callable[..., Recipe], people: int, name: str, kind: str
) -> None:
    assert error_by_patients(rows_of(people), name, Options.of(make_recipe(kind=kind)), seed=0) is None
    assert card_sentence({KEY: None}) == card_sentence({}) == ""


def test_folds_of_uneven_size_are_no_obstacle(make_recipe: Callable[..., Recipe]) -> None:
    rows = replace(rows_of(55), target=np.asarray(np.arange(55) % 24, dtype=np.float64))
    fold = repeated_folds(rows.target, rows.groups, folds=5, seed=0)[0]
    assert np.bincount(fold).max() == 12  # 11 in each would be even
    found = error_by_patients(rows, "clinical", Options.of(make_recipe(folds=5)), seed=0)
    assert found is not None
    assert found[1][0] == 55 - 12
