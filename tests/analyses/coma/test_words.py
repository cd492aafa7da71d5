from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.predict import Prediction
from bidsapp.analyses.coma.tables import prediction_table
from bidsapp.analyses.coma.trained import Trained
from bidsapp.analyses.coma.words import methods, observed, summary
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


def trained_as(options: Options, *, best: str = "median", reference: object = None) -> Trained:
    """Give what words read of a bundle whose model is the median."""
    facts = {
        "target": "recovered" if options.kind == "outcome" else "crs_r",
        "model": "median",
        "model_title": "Median",
        "best": best,
        "patients": 40,
        "unconditional": {"value": 0.25 if options.kind == "outcome" else 8.0, "low": 0.0, "high": 20.0},
        "compared": {"median": {"mae": [3.0, 2.0, 4.0]}, "chosen": {"mae": [3.0, 2.0, 4.0]}},
    }
    return cast(
        "Trained",
        SimpleNamespace(
            facts=facts,
            target=facts["target"],
            options=options,
            model=SimpleNamespace(name="median"),
            doubt=SimpleNamespace(reference=reference),
            bundle=SimpleNamespace(name="b", version="1"),
        ),
    )


@pytest.mark.parametrize(
    ("best", "said"), [("median", ","), ("networks", " by more than one standard error,")]
)
def test_no_model_was_better_is_said_only_where_none_was(
    make_recipe: Callable[..., Recipe], best: str, said: str
) -> None:
    trained = trained_as(Options.of(make_recipe()), best=best)
    found = summary(Prediction(value=8.0, interval=(0.0, 20.0)), trained)
    assert "Of a patient of whom nothing is known one would say 8.0, between 0.0 and 20.0." in found
    assert (
        f"No model was better than the median of the training patients{said} so this is the median" in found
    )


@pytest.mark.parametrize(
    "found", [Prediction(value=0.3, interval=(0.2, 0.4), confidence=0.7), Prediction(withheld="no image")]
)
def test_of_an_outcome_the_share_of_the_training_patients_is_said(
    make_recipe: Callable[..., Recipe], found: Prediction
) -> None:
    trained = trained_as(Options.of(make_recipe(kind="outcome")))
    said = summary(found, trained)
    assert said.endswith("nothing is known one would say 25%, the share among 40 patients.")


def test_a_refusal_is_claimed_only_where_there_is_one(make_recipe: Callable[..., Recipe]) -> None:
    options = Options.of(make_recipe())
    refused = "A patient is refused a score by a conformal p of the distance from the training patients."
    assert refused not in methods(trained_as(options))
    assert refused in methods(trained_as(options, reference=object()))


def test_the_table_of_an_outcome_promises_no_coverage_and_no_points(
    make_recipe: Callable[..., Recipe],
) -> None:
    found = Prediction(value=0.3, interval=(0.2, 0.4), confidence=0.7)
    table = prediction_table(found, trained_as(Options.of(make_recipe(kind="outcome"))))
    assert table.rows == ((0.3, 0.2, 0.4, 0.7),)
    assert {column.name: column.description for column in table.columns} == {
        "predicted_recovered": "Predicted probability",
        "lower": "Lower end of the range over the models of the folds",
        "upper": "Upper end of the range over the models of the folds",
        "confidence": "Probability of the likelier answer",
    }
    score = prediction_table(found, trained_as(Options.of(make_recipe())))
    assert [column.name for column in score.columns][3:] == ["level", "confidence"]
    assert score.columns[-1].description == "Probability that the truth is within 3 points"
