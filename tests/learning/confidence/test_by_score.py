"""Label-conditional CV+: by hand, against the inverted test, and its coverage of each third of scores."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bidsapp.learning.confidence.by_score import by_score_interval, thirds_of
from bidsapp.learning.confidence.interval import CrossState, IntervalRule, plus_interval

LABELS = np.array([0.0, 1, 2, 10, 11, 12, 20, 21, 22])  # cut at 6 and 16
ERRORS = np.array([1.0, 2, 3, 1, 1, 4, 2, 5, 9])


def _state(label, residual, folds=1) -> CrossState:
    fold = np.arange(label.size) % folds
    return CrossState(fold, np.asarray(residual, dtype=float), np.full(folds, 0.5), label)


def _random(rng, patients=40, folds=4) -> tuple[CrossState, np.ndarray]:
    label = np.rint(rng.gamma(1.5, 5, patients))
    return _state(label, rng.gamma(2, 2, patients), folds), rng.normal(8, 4, (1, 6)) + rng.random((folds, 6))


def test_is_the_union_by_hand() -> None:
    # miss 0.25 of 3 + 1 patients: the largest error of each third, so 3, 4 and 9 points
    found = by_score_interval(
        _state(LABELS, ERRORS), np.array([[8.0, 12.0, 30.0]]), miss=0.25, lowest=0, highest=30
    )
    np.testing.assert_array_equal(found.low, [5, 8, 21])  # 8 - 3; 12 - 4, as 12 - 3 is above 6; 30 - 9
    np.testing.assert_array_equal(found.high, [17, 21, 30])  # 8 + 9, beyond 16; 12 + 9; the scale


def test_holds_each_score_that_its_own_third_does_not_exclude() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        state, predicted = _random(rng)
        difficulty = 0.3 + rng.random(predicted.shape)
        found = by_score_interval(state, predicted, difficulty, miss=0.15, lowest=0, highest=30)
        reach = state.residual[:, None] * np.maximum(difficulty, 0.5)[state.fold]
        third, held = thirds_of(state.label), []
        scores = np.linspace(0, 30, 601)
        for score in scores:
            below = [state.label[third == number].min() for number in range(3)]
            above = [state.label[third == number].max() for number in range(3)]
            number = int(np.argmin([max(b - score, score - a) for b, a in zip(below, above, strict=True)]))
            own = third == number
            least = np.floor(0.15 * (own.sum() + 1))
            over = (predicted[state.fold] + reach >= score)[own].sum(axis=0) >= least
            held.append(over & ((predicted[state.fold] - reach <= score)[own].sum(axis=0) >= least))
        low = [scores[column].min() for column in np.transpose(held)]
        high = [scores[column].max() for column in np.transpose(held)]
        np.testing.assert_allclose(found.low, low, atol=0.05 + 1e-9)
        np.testing.assert_allclose(found.high, high, atol=0.05 + 1e-9)


def test_equal_scores_stay_in_one_third() -> None:
    np.testing.assert_array_equal(thirds_of(np.repeat([0.0, 1, 2, 3], [7, 1, 1, 1])), [0] * 7 + [2] * 3)
    np.testing.assert_array_equal(thirds_of(np.arange(9.0)), np.repeat([0, 1, 2], 3))
    scores = np.rint(np.random.default_rng(0).gamma(1.2, 6, 500))
    of_each = {score: set(thirds_of(scores)[scores == score].tolist()) for score in np.unique(scores)}
    assert all(len(thirds) == 1 for thirds in of_each.values())


def test_one_score_for_all_is_plain() -> None:
    state = _state(np.full(20, 7.0), np.arange(20.0))
    found, plain = (rule(state, np.array([[9.0]])) for rule in (by_score_interval, plus_interval))
    assert (found.low, found.high) == (plain.low, plain.high)


def test_a_third_of_few_patients_excludes_none_of_its_scores() -> None:
    label = np.repeat([0.0, 1, 2, 3], [20, 1, 1, 1])  # 3 patients above 0: the scale from 0.5 on
    found = by_score_interval(_state(label, np.full(23, 0.1)), np.array([[0.2]]), lowest=0, highest=42)
    assert (found.low[0], found.high[0]) == (pytest.approx(0.1), 42)


@pytest.mark.parametrize(("patients", "width"), [(24, 42), (27, 2)])
def test_a_third_needs_nine_patients_to_exclude_scores(patients: int, width: int) -> None:
    state = _state(np.arange(float(patients)), np.ones(patients))
    found = by_score_interval(state, np.array([[13.0]]), lowest=0, highest=42)
    assert found.width[0] == width


def test_where_no_score_is_possible_the_plain_interval_is_given() -> None:
    # low scores are excluded by the model that calls the patient high, high ones by that which says low
    label = np.repeat([0.0, 20.0], 20)
    state = CrossState(np.repeat([0, 1], 20), np.ones(40), np.ones(2), label)
    predicted = np.array([[20.0], [0.0]])
    found = by_score_interval(state, predicted, lowest=0, highest=30)
    plain = plus_interval(state, predicted, lowest=0, highest=30)
    assert (found.low[0], found.high[0]) == (plain.low[0], plain.high[0]) == (0, 21)


def test_who_may_miss_less_gets_a_longer_interval() -> None:
    rng = np.random.default_rng(1)
    for _ in range(10):
        state, predicted = _random(rng)
        ends = [by_score_interval(state, predicted, miss=miss) for miss in (0.3, 0.2, 0.1, 0.05)]
        for shorter, longer in pairwise(ends):
            assert (longer.low <= shorter.low).all()
            assert (shorter.high <= longer.high).all()


def test_a_prediction_that_all_models_share_is_held() -> None:
    rng = np.random.default_rng(2)
    for _ in range(10):
        state, predicted = _random(rng)
        alike = np.tile(predicted[:1], (len(predicted), 1))
        assert by_score_interval(state, alike, miss=0.3).holds(predicted[0]).all()


def test_refuses_to_miss_half() -> None:
    with pytest.raises(ValueError, match="below one half"):
        by_score_interval(_state(LABELS, ERRORS), np.zeros((1, 1)), miss=0.5)


def _coverage_of_thirds(rule: IntervalRule, *, rounded: bool) -> np.ndarray:
    """Skewed scores, two noisy signs of each, least squares: the model leans towards the mean."""
    rng, patients, new, folds = np.random.default_rng(0), 90, 90, 5
    population = np.clip(rng.gamma(1.2, 6, 50000), 0, 42)
    population = np.rint(population) if rounded else population
    cuts, held = np.quantile(population, [1 / 3, 2 / 3]), []
    for _ in range(120):
        score = rng.choice(population, patients + new)
        signs = np.c_[np.ones(score.size), score[:, None] / 2 + rng.normal(0, 6, (score.size, 2))]
        seen, label, fold = signs[:patients], score[:patients], np.arange(patients) % folds
        predicted = np.array(
            [signs @ np.linalg.lstsq(seen[fold != k], label[fold != k], rcond=None)[0] for k in range(folds)]
        )
        left_out = predicted[fold, np.arange(patients)]
        state = CrossState(fold, np.abs(label - left_out), np.ones(folds), label)
        found = rule(state, predicted[:, patients:], lowest=0.0, highest=42.0)
        third = np.searchsorted(cuts, score[patients:])
        held.append([found.holds(score[patients:])[third == number].mean() for number in range(3)])
    return np.mean(held, axis=0)


@pytest.mark.parametrize("rounded", [False, True])
def test_each_third_of_new_patients_is_held_as_often_as_said(rounded: bool) -> None:
    plain = _coverage_of_thirds(plus_interval, rounded=rounded)
    by_score = _coverage_of_thirds(by_score_interval, rounded=rounded)
    assert plain[2] < 0.84
    assert by_score.min() > 0.88
    assert by_score[0] < 0.93
    assert by_score[2] < 0.94
