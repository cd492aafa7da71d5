"""A made-up task of lesions: the score is low where the lesion lies on the left, whatever its size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bidsapp.analyses.coma.models.protocol import Model
from bidsapp.analyses.coma.models.registry import MODELS, applicable, models_with
from bidsapp.analyses.coma.models.settings import Learning
from bidsapp.analyses.coma.models.sparse_scale import SparseScale, is_sparse
from bidsapp.analyses.coma.models.volumes import dense_network, sparse_network
from bidsapp.analyses.coma.patient import Patient
from bidsapp.errors import BadDataError
from bidsapp.learning.validation.sealed import check_sealed, check_unfitted

SHAPE = (8, 9, 8)
QUICK = Learning(epochs=10, coarsen=1)
Scores = NDArray[np.float64]
Cohort = tuple[list[Patient], Scores]


def draw(count: int, seed: int, key: str = "lesion") -> Cohort:
    """Draw cubes of 2 or 3 voxels a side; on the left the score is about 6, on the right about 18."""
    rng = np.random.default_rng(seed)
    patients, scores = [], []
    for number in range(count):
        volume = np.zeros(SHAPE, dtype=np.float32)
        side = int(rng.integers(2, 4))
        left = bool(rng.integers(2))
        x = int(rng.integers(0, 2) if left else rng.integers(4, 6))
        y, z = rng.integers(0, 6, 2)
        volume[x : x + side, y : y + side, z : z + side] = 1
        patients.append(Patient(subject=str(number), volumes={key: volume}))
        scores.append(np.clip(np.rint((6 if left else 18) + 2 * rng.normal()), 0, 23))
    return patients, np.array(scores)


def off(model: Model, cohort: Cohort) -> float:
    return float(np.abs(model.predict(cohort[0]) - cohort[1]).mean())


@pytest.fixture(scope="module")
def known() -> Cohort:
    return draw(40, seed=1)


@pytest.fixture(scope="module")
def new() -> Cohort:
    return draw(20, seed=2)


@pytest.fixture(scope="module")
def fitted(known: Cohort) -> Model:
    return sparse_network(QUICK).fit(*known)


@pytest.mark.parametrize("loss", ["coral", "spearman"])
def test_every_kind_of_loss_is_learned(known: Cohort, new: Cohort, loss: str) -> None:
    model = sparse_network(replace(QUICK, loss=loss)).fit(*known)
    assert off(model, new) < 0.6 * np.abs(np.median(known[1]) - new[1]).mean()


def test_the_sparse_network_learns_where_lesions_lower_the_score(
    fitted: Model, known: Cohort, new: Cohort
) -> None:
    assert off(fitted, new) < 0.5 * np.abs(np.median(known[1]) - new[1]).mean()


def test_the_dense_network_learns_the_same_of_images(known: Cohort) -> None:
    train, test = (
        ([replace(p, volumes={"pet": 1 - 0.5 * p.volumes["lesion"]}) for p in each], scores)
        for each, scores in (known, draw(20, seed=2))
    )
    model = dense_network(QUICK).fit(*train)
    assert off(model, test) < 0.6 * np.abs(np.median(train[1]) - test[1]).mean()


def test_shuffled_labels_give_chance(known: Cohort, new: Cohort) -> None:
    """Over three shuffles the error is on average no smaller than the median's."""
    rng = np.random.default_rng(0)
    chance = float(np.abs(np.median(known[1]) - new[1]).mean())
    quick = replace(QUICK, epochs=4)
    errors = [off(sparse_network(quick).fit(known[0], rng.permutation(known[1])), new) for _ in range(3)]
    assert np.mean(errors) > 0.95 * chance


@pytest.mark.parametrize("make", [sparse_network, dense_network])
def test_no_network_learns_from_patients_who_are_left_out(make: Callable[[Learning], Model]) -> None:
    quick = replace(QUICK, epochs=2)
    patients, scores = draw(16, seed=3, key="lesion" if make is sparse_network else "pet")

    def pipeline(people: Sequence[Patient], target: Scores, left_out: NDArray[np.bool_]) -> Scores:
        taught = [person for person, out in zip(people, left_out, strict=True) if not out]
        asked = [person for person, out in zip(people, left_out, strict=True) if out]
        return make(quick).fit(taught, target[~left_out]).predict(asked)

    check_unfitted(lambda: make(quick), patients)
    check_sealed(pipeline, patients, scores, np.arange(16) < 3)


def test_what_was_learned_comes_back_exactly_and_again(known: Cohort, new: Cohort) -> None:
    learning = replace(QUICK, epochs=2, loss="cumulative-link", soft_labels=1.6)
    model = sparse_network(learning).fit(*known)
    stored = {key: np.array(array) for key, array in model.arrays().items()}
    again = sparse_network(learning).restore(stored)
    np.testing.assert_array_equal(again.predict(new[0]), model.predict(new[0]))
    second = sparse_network(learning).fit(*known).arrays()
    assert second.keys() == stored.keys()
    for key, array in second.items():
        np.testing.assert_array_equal(array, stored[key], err_msg=key)


def test_a_patient_without_a_lesion_gets_the_middle_and_other_parts_do_not_matter(
    fitted: Model, known: Cohort
) -> None:
    nothing = float(fitted.predict([Patient(subject="x")])[0])
    assert abs(nothing - known[1].mean()) < 4
    patient = known[0][0]
    more = replace(patient, volumes={**patient.volumes, "T1w": np.ones(SHAPE)}, clinical={"age": 40.0})
    assert fitted.predict([more])[0] == fitted.predict([patient])[0]


def test_a_mask_of_another_grid_is_refused(fitted: Model) -> None:
    with pytest.raises(BadDataError, match="shape"):
        fitted.predict([Patient(subject="x", volumes={"lesion": np.ones((4, 4, 4), dtype=np.float32)})])


def test_the_scale_of_a_mask_keeps_what_every_patient_has() -> None:
    """A voxel lesioned in all stays as far from 0 as one lesioned in few; 0 stays 0."""
    image = np.zeros((3, 3, 3), dtype=np.float32)
    image[0, 0, 0], image[1, 1, 1] = 3, 4
    scale = SparseScale.of([image, np.zeros_like(image)])
    assert scale.spread == pytest.approx(np.sqrt(12.5))
    np.testing.assert_allclose(scale(image), image / np.sqrt(12.5), rtol=1e-6)
    assert SparseScale.of([np.zeros_like(image)]).spread == 1


def test_the_networks_stand_in_the_registry_for_those_who_have_their_volumes(known: Cohort) -> None:
    assert "sparse" in applicable(known[0]).names
    assert "volume" not in applicable(known[0]).names
    assert MODELS["sparse"].volumes
    images = [replace(patient, volumes={"T1w": patient.volumes["lesion"]}) for patient in known[0]]
    assert "volume" in applicable(images).names
    assert "sparse" not in applicable(images).names
    assert "coral" in models_with(Learning(loss="coral"))["sparse"]().title
    assert is_sparse("anomaly")
