"""A made-up multimodal task: the score is in the corner of one image and, blurred, in the age."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from bidsapp.analyses.coma.models.fusion import Fusion, without
from bidsapp.analyses.coma.models.settings import FUSIONS, Learning
from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.errors import BadDataError

SHAPE = (8, 9, 8)
TELLING = "pet"
PARTS = ("T1w", TELLING, "pet-series", "clinical")
QUICK = Learning(epochs=12, coarsen=1)
Cohort = tuple[list[Patient], NDArray[np.float64]]


def draw(count: int, seed: int, *, missing: float = 0.25) -> Cohort:
    """Draw patients whose score, 0 to 23, is in the lower left of the PET image and, blurred, in the age."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 24, count).astype(np.float64)
    brain = np.zeros(SHAPE, dtype=bool)
    brain[1:-1, 1:-1, 1:-1] = True
    patients = []
    for number, score in enumerate(scores):
        images = {key: 5 + rng.standard_normal(SHAPE) for key in ("T1w", TELLING)}
        images[TELLING][1:5, 1:5, 1:5] += (score - 11.5) / 5
        frames = int(rng.integers(4, 9))
        signals = Series(
            regions=("a", "b"),
            values=rng.standard_normal((frames, 2)).astype(np.float32),
            times=30.0 + 60 * np.arange(frames),
            durations=np.full(frames, 60.0),
        )
        patient = Patient(
            subject=str(number),
            volumes={key: np.where(brain, image, 0).astype(np.float32) for key, image in images.items()},
            series={"pet": signals},
            clinical={"age": 60 - score + 4 * rng.standard_normal(), "sex": "FM"[number % 2]},
        )
        for part, luck in zip(PARTS, rng.random(len(PARTS)), strict=True):
            patient = without(patient, part) if luck < missing and part != "clinical" else patient
        patients.append(patient)
    return patients, scores


@pytest.fixture(scope="module")
def known() -> Cohort:
    return draw(64, seed=1)


@pytest.fixture(scope="module")
def new() -> Cohort:
    return draw(40, seed=2)


@pytest.fixture(scope="module")
def fitted(known: Cohort) -> Fusion:
    return Fusion(QUICK).fit(*known)


def error(model: Fusion, cohort: Cohort) -> float:
    return float(np.abs(model.predict(cohort[0]) - cohort[1]).mean())


def test_left_out_patients_are_told_better_than_by_the_median(
    fitted: Fusion, known: Cohort, new: Cohort
) -> None:
    median = float(np.abs(np.median(known[1]) - new[1]).mean())
    assert error(fitted, new) < 0.7 * median


def test_the_image_that_tells_has_most_weight_and_weights_are_of_what_is_there(
    fitted: Fusion, new: Cohort
) -> None:
    weights = fitted.weights(new[0])
    names = list(fitted.codes)
    assert names == ["T1w", "pet", "pet-series", "clinical"]
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    for name, part in (("T1w", "T1w"), ("pet", "pet"), ("pet-series", "pet-series")):
        there = np.array([part in patient.there for patient in new[0]])
        np.testing.assert_array_equal(weights[:, names.index(name)] > 0, there)
    whole = np.array([TELLING in patient.there for patient in new[0]])
    means = weights[whole].mean(axis=0)
    assert means[names.index(TELLING)] > max(means[0], means[2])


@pytest.mark.parametrize("kind", FUSIONS)
def test_every_subset_of_the_parts_is_predicted(known: Cohort, kind: str) -> None:
    model = Fusion(replace(QUICK, fusion=kind, epochs=1)).fit(known[0][:16], known[1][:16])
    patient = next(patient for patient in known[0] if len(patient.there) == 3)
    said = set()
    for gone in product((False, True), repeat=len(PARTS)):
        left = patient
        for part, away in zip(PARTS, gone, strict=True):
            left = without(left, part) if away else left
        value = float(model.predict([left])[0])
        assert 0 <= value <= 23
        said.add(value)
    assert len(said) == 2 ** len(PARTS)


@pytest.mark.parametrize("loss", ["huber", "coral", "cumulative-link"])
def test_what_was_learned_comes_back_exactly_and_again(known: Cohort, new: Cohort, loss: str) -> None:
    learning = replace(
        QUICK, loss=loss, epochs=2, soft_labels=1.6, balance="density", curriculum="self-paced"
    )
    model = Fusion(learning).fit(*known)
    stored = {key: np.array(array) for key, array in model.arrays().items()}
    again = Fusion(learning).restore(stored)
    np.testing.assert_array_equal(again.predict(new[0]), model.predict(new[0]))
    np.testing.assert_array_equal(again.weights(new[0]), model.weights(new[0]))
    second = Fusion(learning).fit(*known).arrays()
    assert second.keys() == stored.keys()
    for key, array in second.items():
        np.testing.assert_array_equal(array, stored[key], err_msg=key)


def test_an_outcome_gets_probabilities(known: Cohort, new: Cohort) -> None:
    outcome = (known[1] > 11).astype(float)
    said = Fusion(replace(QUICK, loss="coral")).fit(known[0], outcome).predict(new[0])
    assert ((said >= 0) & (said <= 1)).all()
    assert said[new[1] > 16].mean() > said[new[1] < 6].mean() + 0.2


def test_simulated_patients_are_kept_only_if_they_help(known: Cohort, new: Cohort) -> None:
    few = (known[0][:20], known[1][:20])
    alike = draw(80, seed=3)
    learning = replace(QUICK, simulated=80, epochs=6)
    helped = Fusion(learning, simulate=lambda _: alike).fit(*few)
    assert helped.pretrained
    alone = Fusion(replace(learning, simulated=0)).fit(*few)
    assert error(helped, new) < error(alone, new)
    wrong = (alike[0], 23 - alike[1])
    misled = Fusion(learning, simulate=lambda _: wrong).fit(*few)
    assert not misled.pretrained
    np.testing.assert_array_equal(misled.predict(new[0]), alone.predict(new[0]))


def test_patients_of_another_grid_or_of_other_regions_are_refused(fitted: Fusion, new: Cohort) -> None:
    other = Patient(subject="x", volumes={"T1w": np.ones((4, 4, 4), dtype=np.float32)})
    with pytest.raises(BadDataError, match="shape"):
        fitted.predict([other])
    patient = next(patient for patient in new[0] if patient.series)
    renamed = replace(patient.series["pet"], regions=("a", "c"))
    with pytest.raises(BadDataError, match="other regions"):
        fitted.predict([replace(patient, series={"pet": renamed})])


def test_simulated_patients_are_made_of_what_real_ones_have(known: Cohort) -> None:
    """A kind of image, or a region, that no real patient has is left out; it does not stop training."""
    patients, scores = draw(16, seed=4)
    strange = [
        replace(
            patient,
            volumes={**patient.volumes, "cbf": np.ones((3, 3, 3), dtype=np.float32)},
            series={key: replace(own, regions=("c", "d")) for key, own in patient.series.items()},
        )
        for patient in patients
    ]
    model = Fusion(replace(QUICK, simulated=16, epochs=1), simulate=lambda _: (strange, scores))
    assert "cbf" not in model.fit(known[0][:15], known[1][:15]).codes
