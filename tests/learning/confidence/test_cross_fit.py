"""Coverage of CV+ and jackknife+ where noise grows with the patient's first number, n = 50."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.learning.confidence.by_score import by_score_interval
from bidsapp.learning.confidence.cross_fit import cross_fit, left_out_intervals
from bidsapp.learning.confidence.interval import plus_interval
from bidsapp.learning.validation.splits import repeated_folds

N, NEW = 50, 60


def _draw(rng, number):
    table = rng.normal(size=(number, 3))
    table[:, 2] = np.abs(table[:, 0])
    noise = (0.3 + table[:, 2]) * rng.normal(size=number)
    return table, 2 * table[:, 0] + table[:, 1] + noise


def _coverage(ridge, draws, seed=0, **options):
    rng, groups = np.random.default_rng(seed), [str(row) for row in range(N)]
    held, hard, width = [], [], []
    for draw in range(draws):
        table, target = _draw(rng, N + NEW)
        fitted = cross_fit(ridge, list(table[:N]), target[:N], groups, seed=draw, **options)
        found = fitted.interval(list(table[N:]), miss=0.1)
        inside = found.holds(target[N:])
        held.append(inside.mean())
        hard.append(inside[table[N:, 2] > 1.2].mean())
        width.append(np.median(found.width))
    return np.mean(held), np.nanmean(hard), np.mean(width)


@pytest.mark.parametrize("folds", [10, N])
def test_coverage_of_new_patients_is_about_what_was_asked(ridge, folds) -> None:
    overall, _, _ = _coverage(ridge, 30, folds=folds)
    assert 0.88 <= overall <= 0.94


def test_difficulty_covers_hard_patients_and_narrows_the_rest(ridge) -> None:
    plain = _coverage(ridge, 15, folds=8)
    normalised = _coverage(ridge, 15, folds=8, difficulty=ridge)
    assert 0.87 <= normalised[0] <= 0.95
    assert normalised[1] > plain[1] + 0.05
    assert normalised[2] < plain[2]


def test_arrays_and_predictions_of_fold_models_are_all_an_interval_needs(ridge, cohort) -> None:
    patients, target, groups = cohort
    fitted = cross_fit(ridge, patients, target, groups, folds=5, difficulty=ridge)
    predicted = np.stack([model.predict(patients) for model in fitted.models])
    difficulty = np.stack([model.predict(patients) for model in fitted.difficulties])
    stored = plus_interval(fitted.state, predicted, difficulty)
    np.testing.assert_array_equal(stored.low, fitted.interval(patients).low)


def test_residuals_are_left_out(ridge, cohort) -> None:
    patients, target, groups = cohort
    fitted = cross_fit(ridge, patients, target, groups, folds=40)
    one = ridge().fit(patients[1:], target[1:]).predict(patients[:1])[0]
    assert fitted.left_out[0] == pytest.approx(one)
    assert fitted.state.residual[0] == pytest.approx(abs(target[0] - one))


def test_intervals_of_left_out_patients_do_not_know_them(ridge, cohort) -> None:
    patients, target, groups = cohort
    outer = repeated_folds(target, groups, folds=4)[0]
    found = left_out_intervals(ridge, patients, target, groups, outer, folds=5)
    changed = np.where(outer == 2, target + 100, target)
    again = left_out_intervals(ridge, patients, changed, groups, outer, folds=5)
    np.testing.assert_array_equal(found.low[outer == 2], again.low[outer == 2])
    assert 0.8 <= found.holds(target).mean() <= 1


def test_left_out_intervals_follow_the_rule_of_the_fit(ridge, cohort) -> None:
    patients, target, groups = cohort
    outer = repeated_folds(target, groups, folds=4)[0]
    found = left_out_intervals(ridge, patients, target, groups, outer, folds=5, rule=by_score_interval)
    inside, outside = np.flatnonzero(outer != 2), np.flatnonzero(outer == 2)
    seen = [patients[row] for row in inside], target[inside], [groups[row] for row in inside]
    fitted = cross_fit(ridge, *seen, folds=5)
    own = fitted.interval([patients[row] for row in outside], rule=by_score_interval)
    np.testing.assert_array_equal(found.low[outside], own.low)
    np.testing.assert_array_equal(fitted.state.label, target[inside])
    assert not np.array_equal(own.low, fitted.interval([patients[row] for row in outside]).low)
