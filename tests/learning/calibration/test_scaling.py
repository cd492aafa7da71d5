import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from bidsapp.learning.calibration.counts import count_logits
from bidsapp.learning.calibration.scaling import Scaling, fit_left_out, fit_scaling


def scan(seed=0, temperature=1.0, bias=0.0, size=20_000):
    """Logits whose calibrated value is logit / temperature + bias."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1, 2, size)
    return logits, rng.random(size) < 1 / (1 + np.exp(-(logits / temperature + bias)))


def test_the_temperature_of_an_overconfident_network_is_found():
    found = fit_scaling([count_logits(*scan(seed, temperature=2.5)) for seed in range(3)])
    assert found.temperature == pytest.approx(2.5, rel=0.05)
    assert found.bias == 0


def test_platt_agrees_with_logistic_regression_of_sklearn():
    logits, truth = scan(1, temperature=0.6, bias=-1.5)
    found = fit_scaling([count_logits(logits, truth)], "platt")
    oracle = LogisticRegression(C=np.inf, tol=1e-8).fit(logits[:, None], truth)
    assert 1 / found.temperature == pytest.approx(oracle.coef_[0, 0], rel=1e-3)
    assert found.bias == pytest.approx(oracle.intercept_[0], abs=2e-3)


def test_temperature_agrees_with_logistic_regression_without_intercept():
    logits, truth = scan(2, temperature=1.7)
    found = fit_scaling([count_logits(logits, truth)])
    oracle = LogisticRegression(C=np.inf, tol=1e-8, fit_intercept=False).fit(logits[:, None], truth)
    assert 1 / found.temperature == pytest.approx(oracle.coef_[0, 0], rel=1e-3)


def test_a_temperature_does_not_move_the_mask_and_a_scaling_does_what_it_says():
    logits = np.array([-3.0, -0.1, 0.0, 2.0])
    assert ((Scaling(3.0).probability(logits) > 0.5) == (logits > 0)).all()
    assert Scaling(2.0, 1.0).logit(logits) == pytest.approx([-0.5, 0.95, 1.0, 2.0])
    assert Scaling().probability(np.zeros(1)) == [0.5]


def test_each_patient_weighs_the_same():
    small, large = scan(0, temperature=1.0, size=4000), scan(1, temperature=4.0, size=40_000)
    repeated = [np.tile(each, 10) for each in small]
    equal = fit_scaling([count_logits(*small), count_logits(*large)])
    assert equal.temperature == pytest.approx(
        fit_scaling([count_logits(*repeated), count_logits(*large)]).temperature, rel=1e-6
    )


def test_a_patient_has_no_part_in_its_own_scaling():
    patients = {name: count_logits(*scan(seed, temperature=t)) for seed, (name, t) in enumerate(
        {"a": 1.0, "b": 1.0, "odd": 5.0}.items()
    )}  # fmt: skip
    found = fit_left_out(patients)
    assert found["odd"] == fit_scaling([patients["a"], patients["b"]])
    assert found["odd"].temperature == pytest.approx(1, rel=0.05)
    assert found["a"].temperature > 1.5


def test_lesions_told_without_error_have_a_bounded_temperature():
    logits = np.array([-1.0, 1.0])
    found = fit_scaling([count_logits(logits, logits > 0)])
    assert found.temperature == pytest.approx(np.exp(-3))


def test_voxels_of_one_kind_are_an_error():
    with pytest.raises(ValueError, match="inside and outside"):
        fit_scaling([count_logits(np.zeros(3), np.zeros(3, dtype=bool))])
    with pytest.raises(ValueError, match="inside and outside"):
        fit_left_out({"only": count_logits(*scan())})
