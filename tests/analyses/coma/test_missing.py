"""What a patient lacks moves no score, and the report names it and says what stood in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from bidsapp.analyses.coma.features.clinical import categories_in
from bidsapp.analyses.coma.missing import what_is_missing
from bidsapp.analyses.coma.models.registry import models_with
from bidsapp.analyses.coma.models.scales import ClinicalScale
from bidsapp.analyses.coma.models.settings import Learning
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.predict import judge_patient
from bidsapp.analyses.coma.rows import make_rows
from bidsapp.analyses.coma.train import Options, Source, fit_bundle
from bidsapp.analyses.coma.trained import Trained, read_trained
from bidsapp.recipe import Recipe


def bedside(number: int) -> dict[str, float | str]:
    return {"age": 40.0 + number % 5, "etiology": "trauma" if number % 3 else "anoxia"}


PATIENTS = [Patient(subject=f"{number:02}", clinical=bedside(number)) for number in range(30)]
SCORE = np.array([15.0 if number % 3 else 5.0 for number in range(30)])


@pytest.mark.parametrize("name", ["clinical", "boosting", "ordinal"])
def test_nothing_known_is_the_mean_of_every_column(name: str) -> None:
    model = models_with(Learning())[name]().fit(PATIENTS, SCORE)
    unknown, other = model.predict([
        Patient(subject="x", clinical={"age": 42.0}),
        Patient(subject="y", clinical={"age": 42.0, "etiology": "tumour"}),
    ])  # fmt: skip
    trauma, anoxia = model.predict([PATIENTS[17], PATIENTS[12]])
    assert unknown == other
    assert anoxia < unknown <= trauma
    if name == "clinical":
        assert unknown == pytest.approx(SCORE.mean(), abs=1e-6)


def test_an_unknown_category_is_masked_on_the_scale_of_networks() -> None:
    values, known = ClinicalScale.of(PATIENTS)(
        [Patient(subject="y", clinical={"age": 42.0, "etiology": "tumour"})]
    )
    np.testing.assert_allclose(values, [[0, 0, 0]], atol=1e-6)
    np.testing.assert_array_equal(known, [[True, False, False]])


def test_the_categories_are_found_wherever_a_model_keeps_them() -> None:
    for name in ("clinical", "boosting"):
        arrays = models_with(Learning())[name]().fit(PATIENTS, SCORE).arrays()
        assert categories_in(arrays) == {"etiology": ("anoxia", "trauma")}
    assert categories_in({}) == {}


def trained_as(name: str, *, volumes: bool = False) -> Trained:
    """Give what :func:`what_is_missing` reads of a bundle."""
    facts: Mapping[str, object] = {
        "model": name,
        "covariates": ["age", "etiology"],
        "images": ["FLAIR", "T1w", "lesion"],
        "signals": {"bold": ["a"], "pet": ["a"]},
        "reads_regions_of": {"anomaly": "digest"},
    }
    model = models_with(Learning())["clinical"]().fit(PATIENTS, SCORE)
    return cast("Trained", SimpleNamespace(facts=facts, model=model, volumes=volumes))


@pytest.mark.parametrize(
    ("name", "volumes", "said"),
    [
        ("boosting", False, "FLAIR, lesion, anomaly, bold signals; the training patients' mean was taken."),
        ("fusion", True, "FLAIR, lesion, bold signals, pet signals; the network goes without."),
        ("sparse", True, "lesion; the network goes without."),
        ("tangent", False, "bold signals; the training patients' mean was taken."),
        ("anomaly", False, "anomaly; the training patients' mean was taken."),
        ("clinical", False, ""),
    ],
)
def test_every_image_signal_and_covariate_that_is_missing_is_named(
    name: str, volumes: bool, said: str
) -> None:
    patient = Patient(subject="x", clinical=bedside(1), regions={"T1w": {"pons": 1.0}})
    found = what_is_missing(patient, trained_as(name, volumes=volumes))
    assert found == ((f"The patient lacks {said}",) if said else ())


def test_missing_covariates_and_new_categories_are_named() -> None:
    patient = Patient(subject="x", clinical={"etiology": "tumour"})
    assert what_is_missing(patient, trained_as("clinical")) == (
        "The patient lacks age; the training patients' mean was taken.",
        "No training patient has the etiology 'tumour' (they have anoxia, trauma); "
        "the training patients' mean was taken.",
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("median", "lacks each of FA, by which patients are compared with those of the training"),
        ("clinical", "lacks each of FA, by which patients are compared with those of the training"),
        ("regions", "lacks regional means of an image, which the model reads"),
    ],
)
def test_a_model_that_reads_no_image_does_not_say_that_it_does(
    make_recipe: Callable[..., Recipe], tmp_path: Path, name: str, words: str
) -> None:
    rng = np.random.default_rng(0)
    patients = [
        Patient(
            subject=patient.subject,
            clinical=patient.clinical,
            regions={"FA": {"pons": rng.normal(), "thalamus": rng.normal(), "insula": rng.normal()}},
        )
        for patient in PATIENTS
    ]
    recipe = make_recipe(models=["clinical", "regions"], permutations=0)
    score = rng.integers(0, 24, 30).astype(float)
    rows = make_rows(patients, score, "crs_r", Options.of(recipe))
    bundle = fit_bundle(rows, recipe, tmp_path / "b", seed=0, source=Source("x", "made up", take=name))
    found = judge_patient(PATIENTS[0], read_trained(bundle))
    assert words in found.withheld
