import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from bidsapp.learning.discrimination import discriminate, left_out_specificity, roc_curve


def two(
    seed: int, patients: int = 15, controls: int = 20, shift: float = 0.8
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(shift, 1, patients).round(1), rng.normal(0, 1, controls).round(1)


def measure(patients, controls, **changes):
    return discriminate(patients, controls, **({"quantile": 0.98, "resamples": 200, "seed": 0} | changes))


@pytest.mark.parametrize("seed", range(5))
def test_auc_agrees_with_sklearn_with_ties(seed):
    patients, controls = two(seed)
    truth = np.repeat([1, 0], [patients.size, controls.size])
    expected = roc_auc_score(truth, np.concatenate([patients, controls]))
    assert measure(patients, controls).auc.value == pytest.approx(expected)


def test_roc_curve_agrees_with_sklearn_and_lies_in_its_band():
    patients, controls = two(0)
    truth = np.repeat([1, 0], [patients.size, controls.size])
    false, true, _ = sklearn_roc_curve(truth, np.concatenate([patients, controls]), drop_intermediate=False)
    curve = roc_curve(patients, controls, resamples=500, seed=0)
    assert curve.false_positive == pytest.approx(false)
    assert curve.sensitivity == pytest.approx(true)
    height = np.interp(curve.grid, false, true)
    assert (curve.low <= height + 1e-9).all()
    assert (height <= curve.high + 1e-9).all()


def test_effect_is_one_when_all_patients_are_higher():
    found = measure(np.array([5.0, 6.0, 7.0]), np.array([1.0, 2.0, 3.0]))
    assert (found.effect.value, found.auc.value) == (1, 1)
    assert measure(np.array([1.0, 2.0]), np.array([5.0, 6.0])).effect.value == -1


def test_effect_of_a_hand_counted_example():
    # 4 pairs: 3 > 2, 3 > 1, 1 < 2, 1 = 1: AUC (2 + 1/2) / 4
    found = measure(np.array([3.0, 1.0]), np.array([2.0, 1.0]))
    assert (found.auc.value, found.effect.value) == (0.625, 0.25)


def test_gmean_of_a_hand_made_example():
    # Median of the controls 1 2 3 4 5 is 3: three of four patients exceed it. Judged by the median of the
    # others, 3.5 3.5 3 2.5 2.5, the controls 4 and 5 exceed, and 3 does not exceed 3: specificity 3/5.
    found = measure(np.array([4.0, 9.0, 3.5, 3.0]), np.array([5.0, 1.0, 4.0, 2.0, 3.0]), quantile=0.5)
    assert found.threshold == 3
    assert (found.sensitivity, found.specificity) == pytest.approx((0.75, 0.6))
    assert found.gmean.value == pytest.approx(np.sqrt(0.45))


def test_the_highest_control_always_exceeds_the_others():
    # Its own value in the quantile would hide it: at the maximum no control could ever exceed.
    controls = np.arange(10.0)
    assert measure(np.array([20.0]), controls, quantile=1.0).specificity == pytest.approx(0.9)


def test_left_out_quantile_agrees_with_a_loop_over_the_draw():
    rng = np.random.default_rng(0)
    controls = np.sort(rng.normal(size=9).round(1))
    draws = rng.integers(0, 9, (50, 9))
    expected = []
    for draw in draws:
        kept = [controls[person] <= np.quantile(controls[draw[draw != person]], 0.9) for person in draw]
        expected.append(np.mean(kept))
    assert left_out_specificity(controls, draws, 0.9) == pytest.approx(expected)


def test_a_draw_of_one_control_is_left_out():
    found = left_out_specificity(np.array([1.0, 2.0]), np.array([[0, 0], [0, 1]]), 0.5)
    assert np.isnan(found[0])
    assert found[1] == 0.5


def test_interval_is_reproducible_and_holds_the_estimate():
    patients, controls = two(1)
    first, second = measure(patients, controls), measure(patients, controls)
    assert first == second
    assert first.auc.low < first.auc.value < first.auc.high
    assert first.gmean.low <= first.gmean.value <= first.gmean.high
    assert measure(patients, controls, seed=1).auc.low != first.auc.low


def test_order_of_people_does_not_change_the_estimates():
    patients, controls = two(2)
    again = measure(patients[::-1], controls[::-1])
    first = measure(patients, controls)
    assert (again.auc.value, again.gmean.value) == (first.auc.value, first.gmean.value)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    truth = 0.7142  # P(N(0.8, 1) > N(0, 1)) = Phi(0.8 / sqrt 2)
    held = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        found = measure(rng.normal(0.8, 1, 30), rng.normal(0, 1, 30), resamples=200, seed=seed)
        held.append(found.auc.low <= truth <= found.auc.high)
    assert 0.88 <= np.mean(held) <= 0.99


def test_nobody_to_compare_is_an_error():
    with pytest.raises(ValueError, match="cannot be told apart"):
        measure(np.array([1.0]), np.array([1.0]))
