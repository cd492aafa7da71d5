"""Intervals over patients."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.learning.validation.bootstrap import intervals, paired_differences
from bidsapp.learning.validation.measures import OF_SCORES, auc, mae


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    truth = rng.normal(10, 4, 40)
    return truth, truth + rng.normal(0, 2, 40), [f"p{row}" for row in range(40)]


def test_mae_has_the_interval_of_a_mean(sample) -> None:
    truth, predicted, groups = sample
    found = intervals({"mae": mae}, truth, predicted, groups, resamples=2000)["mae"]
    errors = np.abs(predicted - truth)
    half = 1.96 * errors.std() / np.sqrt(40)
    assert found.value == pytest.approx(errors.mean())
    assert (found.low, found.high) == pytest.approx((errors.mean() - half, errors.mean() + half), abs=0.06)


def test_more_rows_of_the_same_patients_do_not_narrow_it(sample) -> None:
    truth, predicted, groups = sample
    once = intervals(OF_SCORES, truth, predicted, groups, resamples=40)
    thrice = intervals(OF_SCORES, np.tile(truth, 3), np.tile(predicted, 3), groups * 3, resamples=40)
    for name, estimate in once.items():
        assert (thrice[name].low, thrice[name].high) == pytest.approx((estimate.low, estimate.high))


def test_measures_of_repeats_are_averaged(sample) -> None:
    truth, predicted, groups = sample
    found = intervals({"mae": mae}, truth, np.stack([predicted, truth]), groups, resamples=50)["mae"]
    assert found.value == pytest.approx(np.abs(predicted - truth).mean() / 2)


def test_a_pair_is_told_apart_where_intervals_overlap(sample) -> None:
    truth, predicted, groups = sample
    worse = truth + 1.15 * (predicted - truth)
    difference = paired_differences({"mae": mae}, truth, worse, predicted, groups, resamples=300)["mae"]
    one, other = (intervals({"mae": mae}, truth, each, groups, resamples=300) for each in (predicted, worse))
    assert one["mae"].high > other["mae"].low
    assert difference.low > 0


def test_draws_without_one_outcome_do_not_count() -> None:
    truth = np.array([0.0, 0, 0, 0, 0, 1])
    found = intervals({"auc": auc}, truth, np.arange(6.0), list("abcdef"), resamples=200)["auc"]
    assert (found.value, found.low, found.high) == (1, 1, 1)
