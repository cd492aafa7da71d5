"""The fusion network from recipe to bundle to report; recipes that name what there is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.models.fusion import Fusion, without
from bidsapp.analyses.coma.models.ordinal import difficulty
from bidsapp.analyses.coma.models.registry import MODELS, models_with
from bidsapp.analyses.coma.models.settings import BALANCES, LOSSES, Learning
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.predict import judge_patient
from bidsapp.analyses.coma.reasons import reason_table
from bidsapp.analyses.coma.rows import make_rows
from bidsapp.analyses.coma.train import Source, fit_bundle
from bidsapp.analyses.coma.trained import Trained, read_trained
from bidsapp.errors import BadDataError
from bidsapp.recipe import Recipe, Value

from .test_fusion import draw

QUICK: dict[str, Value] = {
    "models": ["median", "fusion"], "folds": 2, "inner_folds": 2, "repeats": 1, "permutations": 0,
    "resamples": 100, "epochs": 2, "coarsen": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def patients() -> tuple[Patient, ...]:
    """Simple patients with the mean of each image, as preprocessing gives it."""
    return tuple(
        replace(
            patient, regions={key: {"brain": float(image.mean())} for key, image in patient.volumes.items()}
        )
        for patient in draw(30, seed=5)[0]
    )


@pytest.fixture(scope="module")
def trained(patients: tuple[Patient, ...], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    packaged = Recipe.read("coma", ANALYSIS.recipe)
    recipe = replace(packaged, values={**packaged.values, **QUICK})
    rows = make_rows(patients, draw(30, seed=5)[1], "crs_r", Options.of(recipe))
    source = Source("coma-made-up", "made up", notes=("SIMULATED.",), take="fusion")
    return read_trained(fit_bundle(rows, recipe, tmp_path_factory.mktemp("b") / "b", seed=1, source=source))


def test_a_model_taken_by_name_is_said_to_be_so(trained: Trained) -> None:
    assert trained.model.name == "fusion"
    assert trained.volumes
    assert "taken by name" in str(trained.facts["description"])
    assert len(trained.doubt.models) == 2


def test_a_patient_gets_a_score_with_an_interval_and_its_modalities(
    trained: Trained, patients: tuple[Patient, ...]
) -> None:
    patient = next(patient for patient in patients if len(patient.there) == 3)
    found = judge_patient(patient, trained)
    assert found.value is not None
    assert found.interval is not None
    assert 0 <= found.interval[0] <= found.value <= found.interval[1] <= 23
    table = reason_table(patient, trained)
    assert table is not None
    assert {row[0] for row in table.rows} == {"T1w", "pet", "pet-series", "clinical"}
    weights = [float(row[1] or 0) for row in table.rows]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) == pytest.approx(1)
    change = {str(row[0]): float(row[2] or 0) for row in table.rows}
    model = trained.model
    assert isinstance(model, Fusion)
    left = float(model.predict([without(patient, "pet")])[0])
    assert change["pet"] == pytest.approx(float(model.predict([patient])[0]) - left)


def test_the_packaged_recipe_of_the_networks_names_models_that_exist() -> None:
    recipe = Recipe.read("coma", ANALYSIS.recipe, Path(ANALYSIS.recipe).with_name("coma-fusion.toml"))
    options = Options.of(recipe)
    assert {"ordinal", "fusion"} < set(options.models) <= set(MODELS)
    plain = Options.of(Recipe.read("coma", ANALYSIS.recipe))
    assert not {"ordinal", "fusion"} & set(plain.models)
    assert plain.learning == Learning()


def test_names_of_losses_and_balances_are_those_of_the_losses_room() -> None:
    from bidsapp.learning.ordinal import balance, registry

    assert tuple(registry.LOSSES) == LOSSES
    assert balance.BALANCES == BALANCES


def test_bundles_from_before_there_were_networks_are_read() -> None:
    values = dict(Recipe.read("coma", ANALYSIS.recipe).values)
    for key in ("loss", "balance", "fusion", "epochs", "simulated"):
        del values[key]
    assert Options.of_bundle({"recipe": values}).learning == Learning()


def test_recipes_that_make_no_sense_are_refused() -> None:
    packaged = Recipe.read("coma", ANALYSIS.recipe)
    with pytest.raises(BadDataError, match="'loss' is 'l2'"):
        Options.of(replace(packaged, values={**packaged.values, "loss": "l2"}))
    with pytest.raises(BadDataError, match="Coma Recovery"):
        Options.of(replace(packaged, values={**packaged.values, "highest": 42.0, "simulated": 10}))


def test_patients_with_fewer_images_are_harder(patients: tuple[Patient, ...]) -> None:
    whole = next(patient for patient in patients if len(patient.there) == 3)
    blind = without(without(whole, "pet"), "pet-series")
    assert difficulty([replace(blind, regions={}), whole]).tolist() == [-1, -3]


@pytest.mark.parametrize("loss", ["coral", "kappa", "spearman"])
def test_the_linear_head_learns_with_the_loss_of_the_recipe(loss: str) -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 24, 60).astype(np.float64)
    people = [
        Patient(subject=str(i), clinical={"age": 70 - score + rng.normal()}) for i, score in enumerate(scores)
    ]
    model = models_with(Learning(loss=loss, soft_labels=1.6))["ordinal"]()
    assert loss in model.title
    said = model.fit(people[:40], scores[:40]).predict(people[40:])
    assert np.abs(said - scores[40:]).mean() < 0.6 * np.abs(np.median(scores[:40]) - scores[40:]).mean()
