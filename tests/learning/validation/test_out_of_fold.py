"""Predictions of patients left out."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.learning.validation import out_of_fold as room
from bidsapp.learning.validation.out_of_fold import out_of_fold


class Memory:
    """Knows the label of whom it has seen, and answers -1 else."""

    def fit(self, patients, target):
        self.seen = dict(zip(patients, target.tolist(), strict=True))
        return self

    def predict(self, patients):
        return np.array([self.seen.get(patient, -1.0) for patient in patients])


def test_no_model_has_seen_whom_it_predicts() -> None:
    groups = [f"p{row // 2}" for row in range(24)]
    found = out_of_fold(Memory, groups, np.arange(24.0), groups, folds=4, repeats=3)
    assert found.predictions.shape == found.folds.shape == (3, 24)
    np.testing.assert_array_equal(found.predictions, -1)


def test_a_split_by_row_that_parts_a_patient_is_refused(monkeypatch, cohort, ridge) -> None:
    patients, target, _ = cohort
    groups = [f"p{row // 2}" for row in range(len(patients))]
    monkeypatch.setattr(room, "repeated_folds", lambda target, *_, folds, **__: by_row(target, folds))
    with pytest.raises(BadDataError, match=r"Patient p0 is in folds 0 and 1: split by patient"):
        out_of_fold(ridge, patients, target, groups, folds=4)


def by_row(target, folds):
    """Give the split of a cross-validation that knows no patients."""
    return (np.arange(target.size) % folds)[None]


def test_agrees_with_scikit_learn(cohort, ridge) -> None:
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    patients, target, groups = cohort
    found = out_of_fold(ridge, patients, target, groups, folds=5, repeats=2, seed=4)
    for predictions, fold in zip(found.predictions, found.folds, strict=True):
        expected = cross_val_predict(Ridge(), np.stack(patients), target, cv=PredefinedSplit(fold))
        np.testing.assert_allclose(predictions, expected, atol=1e-9)


def test_refuses_a_prediction_that_is_not_a_number(cohort, ridge) -> None:
    patients, target, groups = cohort
    with pytest.raises(ValueError, match=r"Ridge gave predictions .* 1 of them not finite"):
        out_of_fold(ridge, [patients[0] * np.nan, *patients[1:]], target, groups, folds=4)
