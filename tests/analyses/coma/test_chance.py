"""Where nothing can be learned no model seems to know anything: shuffled labels give chance, in every model.

Each model of the registry predicts left-out patients, who have every part that any model reads, by the
cross-validation that training uses. Its error has an interval over patients, as in a bundle's table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bidsapp.analyses.coma.models.protocol import Model
from bidsapp.analyses.coma.models.registry import MODELS, applicable, models_with
from bidsapp.analyses.coma.models.settings import Learning
from bidsapp.analyses.coma.patient import Patient
from bidsapp.learning.discrimination import Estimate
from bidsapp.learning.validation.bootstrap import intervals
from bidsapp.learning.validation.measures import OF_SCORES
from bidsapp.learning.validation.out_of_fold import out_of_fold

SHAPE = (6, 6, 6)
QUICK = models_with(Learning(epochs=3, coarsen=1))
Patients = tuple[Patient, ...]
Labels = NDArray[np.float64]


@pytest.fixture(scope="module")
def patients(cohort: tuple[Patients, Labels]) -> Patients:
    """Give each patient a lesion and an image, too, such that all models apply."""
    rng = np.random.default_rng(1)
    found = []
    for patient in cohort[0]:
        lesion = np.zeros(SHAPE, dtype=np.float32)
        x, y, z = rng.integers(0, 4, 3)
        lesion[x : x + 2, y : y + 2, z : z + 2] = 1
        image = (5 + rng.standard_normal(SHAPE)).astype(np.float32)
        found.append(replace(patient, volumes={"lesion": lesion, "T1w": image}))
    return tuple(found)


@pytest.fixture(scope="module")
def shuffled(cohort: tuple[Patients, Labels]) -> Labels:
    return np.random.default_rng(5).permutation(np.rint(cohort[1]).clip(0, 23))


def error(make: Callable[[], Model], patients: Patients, labels: Labels) -> Estimate:
    """Give the mean absolute error of left-out patients with its interval."""
    groups = [patient.subject for patient in patients]
    said = out_of_fold(make, patients, labels, groups, folds=5, seed=3).predictions
    return intervals({"mae": OF_SCORES["mae"]}, labels, said, groups, resamples=500)["mae"]


@pytest.fixture(scope="module")
def chance(patients: Patients, shuffled: Labels) -> float:
    """Give the error of the median of the other folds."""
    return error(QUICK["median"], patients, shuffled).value


def test_no_model_is_left_out_here(patients: Patients) -> None:
    assert applicable(patients).names == tuple(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_shuffled_labels_give_chance(patients: Patients, shuffled: Labels, chance: float, name: str) -> None:
    found = error(QUICK[name], patients, shuffled)
    assert found.low <= chance <= found.high


def test_a_label_that_leaks_would_be_seen(patients: Patients, shuffled: Labels, chance: float) -> None:
    leaked = tuple(
        replace(patient, clinical={**patient.clinical, "age": 40 + label})
        for patient, label in zip(patients, shuffled, strict=True)
    )
    assert error(QUICK["clinical"], leaked, shuffled).high < chance
