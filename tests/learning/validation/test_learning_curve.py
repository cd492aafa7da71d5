"""Learning curves."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.learning.validation.learning_curve import learning_curve
from bidsapp.learning.validation.measures import mae
from bidsapp.learning.validation.out_of_fold import out_of_fold


def test_more_patients_help_a_model_that_can_learn(ridge) -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(80, 6))
    target = table.sum(axis=1) + rng.normal(size=80)
    groups = [str(row) for row in range(80)]
    curve = learning_curve(ridge, list(table), target, groups, mae, sizes=[6, 20, 60], folds=4, repeats=3)
    assert curve.values.shape == (3, 3)
    assert (np.diff(curve.values.mean(axis=0)) < 0).all()


def test_ends_at_the_whole_training_side(cohort, ridge) -> None:
    patients, target, groups = cohort
    curve = learning_curve(ridge, patients, target, groups, mae, sizes=[30], folds=4, repeats=2, seed=7)
    whole = out_of_fold(ridge, patients, target, groups, folds=4, repeats=2, seed=7).predictions
    np.testing.assert_allclose(curve.values[:, 0], mae(target, whole))


def test_small_sets_have_both_outcomes() -> None:
    class Shares:
        """Gives the share of the outcome among those it saw."""

        def fit(self, patients, target):
            self.share = target.mean()
            return self

        def predict(self, patients):
            return np.full(len(patients), self.share)

    target = np.repeat([0.0, 1.0], 20)
    groups = [str(row) for row in range(40)]
    curve = learning_curve(
        Shares, groups, target, groups, lambda _, predicted: predicted.mean(axis=-1), sizes=[4, 8], folds=4
    )
    np.testing.assert_allclose(curve.values, 0.5)


def test_refuses_more_patients_than_there_are(cohort, median) -> None:
    patients, target, groups = cohort
    with pytest.raises(ValueError, match="30 patients has no 31"):
        learning_curve(median, patients, target, groups, mae, sizes=[31], folds=4)
