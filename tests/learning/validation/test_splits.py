"""Repeated, stratified folds of patients."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.learning.validation.splits import repeated_folds, strata_of


def test_a_patient_is_in_one_fold_of_every_repeat() -> None:
    target = np.random.default_rng(0).normal(size=60)
    groups = [f"p{row // 2}" for row in range(60)]
    folds = repeated_folds(target, groups, folds=5, repeats=3, seed=1)
    np.testing.assert_array_equal(folds[:, ::2], folds[:, 1::2])


def test_folds_have_the_same_quantiles_of_the_score() -> None:
    target = np.random.default_rng(0).permutation(50).astype(float)
    for fold in repeated_folds(target, [str(row) for row in range(50)], folds=5, repeats=4):
        table = np.zeros((5, 5), dtype=int)
        np.add.at(table, (fold, (target // 10).astype(int)), 1)
        np.testing.assert_array_equal(table, 2)


def test_folds_have_the_same_share_of_an_outcome() -> None:
    target = np.repeat([0.0, 1.0], [40, 10])
    folds = repeated_folds(target, [str(row) for row in range(50)], folds=5)[0]
    np.testing.assert_array_equal(np.bincount(folds[40:]), 2)
    np.testing.assert_array_equal(np.bincount(folds[:40]), 8)


def test_seed_decides_and_repeats_differ() -> None:
    target, groups = np.arange(20.0), [str(row) for row in range(20)]
    first = repeated_folds(target, groups, folds=4, repeats=2, seed=3)
    np.testing.assert_array_equal(first, repeated_folds(target, groups, folds=4, repeats=2, seed=3))
    assert (first[0] != first[1]).any()


def test_as_many_folds_as_patients_leave_each_out() -> None:
    folds = repeated_folds(np.arange(6.0), list("aabbcd"), folds=4)[0]
    np.testing.assert_array_equal(folds, [0, 0, 1, 1, 2, 3])


def test_equal_scores_share_a_stratum() -> None:
    target = np.array([0.0] * 7 + [1, 2, 3, 4, 5, 6, 7, 8])
    assert np.unique(strata_of(target)[:7]).size == 1


def test_a_rare_grade_joins_its_neighbour() -> None:
    grade = np.repeat([0.0, 1.0, 2.0, 3.0], [20, 2, 16, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folds = repeated_folds(grade, [str(row) for row in range(40)], folds=4)[0]
    np.testing.assert_array_equal(np.bincount(folds[:20]), 5)
    np.testing.assert_array_equal(np.bincount(folds[20:]), 5)


def test_refuses_more_folds_than_patients_have_the_outcome() -> None:
    target = np.repeat([0.0, 1.0], [20, 3])
    with pytest.raises(BadDataError, match="Only 3 patients have the outcome 1"):
        repeated_folds(target, [str(row) for row in range(23)], folds=5)


def test_refuses_more_folds_than_patients() -> None:
    with pytest.raises(BadDataError, match="2 patients cannot be split into 5"):
        repeated_folds(np.arange(4.0), list("aabb"), folds=5)
