"""Permutation tests of whole cross-validations."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.learning.validation.measures import mae, spearman
from bidsapp.learning.validation.out_of_fold import out_of_fold
from bidsapp.learning.validation.permutation import cross_validated, exchange_labels, permutation_test


def test_a_real_effect_has_the_least_p(cohort, ridge) -> None:
    patients, target, groups = cohort
    statistic = cross_validated(ridge, patients, groups, mae, folds=4, higher_is_better=False)
    found = permutation_test(statistic, target, groups, permutations=39)
    assert found.p == pytest.approx(1 / 40)


def test_p_is_uniform_without_effect(ridge) -> None:
    from scipy.stats import kstest

    rng, p = np.random.default_rng(3), []
    groups = [str(row) for row in range(16)]
    for _ in range(40):
        patients, target = list(rng.normal(size=(16, 2))), rng.normal(size=16)

        def statistic(labels, patients=patients):
            model = ridge().fit(patients[:8], labels[:8])
            return -np.abs(labels[8:] - model.predict(patients[8:])).mean()

        p.append(permutation_test(statistic, target, groups, permutations=39).p)
    assert kstest(p, "uniform").pvalue > 0.05
    assert min(p) >= 1 / 40


def test_shuffled_labels_give_chance(cohort, ridge) -> None:
    patients, target, groups = cohort
    rng, found = np.random.default_rng(5), []
    for seed in range(30):
        labels = exchange_labels(target, groups, rng)
        left_out = out_of_fold(ridge, patients, labels, groups, folds=4, seed=seed).predictions
        found.append(spearman(labels, left_out)[0])
    # left-out predictions are a little below 0: the mean of the others is high where one's own label is low
    assert -0.25 < np.mean(found) < 0.1


def test_labels_move_between_patients_with_as_many_rows() -> None:
    groups = list("aabbcd")
    target = np.array([1.0, 2, 3, 4, 5, 6])
    seen = {tuple(exchange_labels(target, groups, np.random.default_rng(seed))) for seed in range(40)}
    pairs, singles = [(1, 2, 3, 4), (3, 4, 1, 2)], [(5, 6), (6, 5)]
    assert seen == {first + second for first in pairs for second in singles}
