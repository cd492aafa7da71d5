"""The quantile conventions of jackknife+, and the interval without images."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.learning.confidence.interval import CrossState, plus_interval, unconditional_interval


def _state(residual, fold=None) -> CrossState:
    residual = np.asarray(residual, dtype=float)
    fold = np.arange(residual.size) if fold is None else np.asarray(fold)
    return CrossState(fold, residual, np.full(fold.max() + 1, 0.5), np.zeros(fold.size))


def test_takes_the_order_statistics_of_the_paper() -> None:
    # n = 19: the floor(0.1 * 20) = 2nd smallest below, the ceil(0.9 * 20) = 18th smallest above
    state = _state(np.arange(1.0, 20))
    found = plus_interval(state, np.zeros((19, 1)), miss=0.1)
    assert (found.low[0], found.high[0]) == (-18, 18)


def test_is_the_naive_formula() -> None:
    rng = np.random.default_rng(0)
    residual, fold = rng.random(30), np.arange(30) % 5
    predicted, difficulty = rng.normal(size=(5, 4)), 0.6 + rng.random((5, 4))
    found = plus_interval(_state(residual, fold), predicted, difficulty, miss=0.15)
    for patient in range(4):
        pairs = [
            (predicted[k, patient], r * difficulty[k, patient]) for r, k in zip(residual, fold, strict=True)
        ]
        lower, upper = sorted(p - r for p, r in pairs), sorted(p + r for p, r in pairs)
        assert found.low[patient] == lower[int(np.floor(0.15 * 31)) - 1]
        assert found.high[patient] == upper[int(np.ceil(0.85 * 31)) - 1]


def test_an_easy_patient_is_not_easier_than_the_least() -> None:
    state = _state(np.arange(1.0, 20))
    found = plus_interval(state, np.zeros((19, 2)), np.full((19, 2), [0.1, 2.0]), miss=0.1)
    np.testing.assert_allclose(found.width, [2 * 18 * 0.5, 2 * 18 * 2])


def test_too_few_patients_give_the_whole_scale() -> None:
    found = plus_interval(_state([1.0] * 8), np.full((8, 1), 10.0), miss=0.1, lowest=0, highest=23)
    assert (found.low[0], found.high[0]) == (0, 23)


def test_is_cut_at_the_ends_of_the_score() -> None:
    found = plus_interval(_state([4.0] * 19), np.full((19, 1), 21.0), lowest=0, highest=23)
    assert (found.low[0], found.high[0]) == (17, 23)


def test_refuses_to_miss_half() -> None:
    with pytest.raises(ValueError, match="below one half"):
        plus_interval(_state([1.0] * 8), np.zeros((8, 1)), miss=0.5)


def test_without_images_the_middle_of_the_scores_remains() -> None:
    found = unconditional_interval(np.arange(1.0, 40), 3, miss=0.1)  # floor(0.05 * 40) = 2nd from either end
    np.testing.assert_array_equal(found.low, 2)
    np.testing.assert_array_equal(found.high, 38)
    assert unconditional_interval(np.arange(5.0), 1, lowest=0, highest=23).width[0] == 23


def test_without_images_it_holds_a_new_score_as_often_as_said() -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(600):
        scores = rng.gamma(3, 3, 41)
        held.append(unconditional_interval(scores[1:], 1, miss=0.1).holds(scores[:1])[0])
    assert 0.88 <= np.mean(held) <= 0.94  # exactly 1 - 2 * 2 / 41 = 0.902
