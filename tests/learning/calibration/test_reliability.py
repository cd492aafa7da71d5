import numpy as np
import pytest
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from bidsapp.learning.calibration.counts import count_logits
from bidsapp.learning.calibration.reliability import measure_reliability
from bidsapp.learning.calibration.scaling import Scaling, fit_left_out


def scan(seed=0, temperature=1.0, size=20_000):
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1, 2, size)
    return logits, rng.random(size) < expit(logits / temperature)


def test_curve_brier_and_likelihood_agree_with_sklearn():
    logits, truth = scan()
    p = expit(logits)
    found = measure_reliability([count_logits(logits, truth)], bins=10, resamples=10)
    frequency, confidence = calibration_curve(truth, p, n_bins=10)
    assert found.frequency == pytest.approx(frequency, abs=0.01)
    assert found.confidence == pytest.approx(confidence, abs=0.002)
    assert found.brier.value == pytest.approx(brier_score_loss(truth, p), abs=1e-5)
    assert found.likelihood.value == pytest.approx(log_loss(truth, p), abs=5e-5)
    assert found.voxels.sum() == truth.size
    expected = np.histogram(p, 10, (0, 1))[0] @ np.abs(frequency - confidence) / truth.size
    assert found.ece.value == pytest.approx(expected, abs=5e-4)


def test_ece_of_voxels_counted_by_hand():
    # 4 voxels at 0.8, of which 2 are lesion: |0.5 - 0.8| of 4/5; one at 0.1, not lesion: 0.1 of 1/5
    logits = np.log([4.0, 4.0, 4.0, 4.0, 1 / 9])
    found = measure_reliability([count_logits(logits, np.array([1, 1, 0, 0, 0], dtype=bool))], resamples=5)
    assert found.ece.value == pytest.approx(0.8 * 0.3 + 0.2 * 0.1)
    assert found.brier.value == pytest.approx((2 * 0.04 + 2 * 0.64 + 0.01) / 5)
    assert np.isnan(found.frequency).sum() == 13
    assert found.voxels[[1, 12]].tolist() == [1, 4]


def test_scaling_on_other_patients_calibrates_an_overconfident_network():
    patients = {str(seed): count_logits(*scan(seed, temperature=3.0)) for seed in range(4)}
    raw = measure_reliability(list(patients.values()), resamples=50)
    scaled = measure_reliability(list(patients.values()), list(fit_left_out(patients).values()), resamples=50)
    assert raw.ece.value > 0.1
    assert scaled.ece.value < 0.02
    assert scaled.brier.value < raw.brier.value
    assert scaled.likelihood.value < raw.likelihood.value


def test_patients_weigh_the_same_and_intervals_are_over_them():
    calm, wild = count_logits(*scan(0, size=2000)), count_logits(*scan(1, temperature=6.0, size=40_000))
    both = measure_reliability([calm, wild], resamples=200)
    alone = [measure_reliability([each], resamples=5).brier for each in (calm, wild)]
    assert both.brier.value == pytest.approx(np.mean([each.value for each in alone]))
    assert (both.brier.low, both.brier.high) == pytest.approx((alone[0].value, alone[1].value))
    assert alone[0].low == alone[0].high
    filled = ~np.isnan(both.frequency)
    assert (both.low[filled] <= both.frequency[filled] + 1e-12).all()
    assert (both.frequency[filled] <= both.high[filled] + 1e-12).all()


def test_the_same_seed_gives_the_same_interval():
    patients = [count_logits(*scan(seed, size=500)) for seed in range(5)]
    first, again = (measure_reliability(patients, resamples=50, seed=3) for _ in range(2))
    assert first.ece == again.ece
    assert first.ece != measure_reliability(patients, resamples=50, seed=4).ece


def test_scalings_belong_to_patients():
    with pytest.raises(ValueError, match="one patient or more"):
        measure_reliability([])
    with pytest.raises(ValueError, match="shorter"):
        measure_reliability([count_logits(*scan())] * 2, [Scaling()])
