from __future__ import annotations

from collections.abc import Callable

import pytest

from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.words import observed
from bidsapp.cohort import Member
from bidsapp.recipe import Recipe


@pytest.mark.parametrize(
    ("covariates", "value", "words"),
    [
        ({"crs_r": 11.0}, 11.0, "Whether the model learned from this patient is not known"),
        ({"crs_r": 24.0}, None, "sub-01: column 'crs_r' holds 24.0, which is not a number from 0 to 23"),
        ({"crs_r": "ten"}, None, "holds 'ten'"),
    ],
)
def test_the_tables_score_is_given_or_why_it_is_not(
    make_recipe: Callable[..., Recipe], covariates: dict[str, float | str], value: float | None, words: str
) -> None:
    (score,) = observed(Member(subject="01", covariates=covariates), "crs_r", Options.of(make_recipe()))
    assert (score.name, score.value, score.limits) == ("observed_crs_r", value, (0.0, 23.0))
    assert words in score.description


def test_nothing_is_observed_without_the_targets_column(make_recipe: Callable[..., Recipe]) -> None:
    member = Member(subject="01", covariates={"age": 40.0})
    assert observed(member, "crs_r", Options.of(make_recipe())) == ()


def test_an_outcome_that_is_neither_0_nor_1_has_no_value(make_recipe: Callable[..., Recipe]) -> None:
    options = Options.of(make_recipe(kind="outcome"))
    (score,) = observed(Member(subject="01", covariates={"recovered": 0.5}), "recovered", options)
    assert (score.value, score.limits) == (None, (0.0, 1.0))
