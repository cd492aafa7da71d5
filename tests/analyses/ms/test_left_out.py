import numpy as np
import pytest

from bidsapp.analyses.ms.left_out import EVEN, LeftOut, best_threshold, by_subject, dice_at, helps, judge
from bidsapp.learning.calibration.counts import count_logits
from bidsapp.learning.calibration.scaling import Scaling


def left_out(subject, logits, truth):
    counts = count_logits(logits, truth)
    return LeftOut(subject=subject, counts=counts, near=counts, load_ml=float(truth.sum()) / 1000)


def scan(seed, *, temperature=1.0, bias=0.0, size=4000):
    """Draw voxels whose probability of lesion is that of the logit, then stretch and move the logits."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(-1, 2, size)
    truth = rng.random(size) < 1 / (1 + np.exp(-honest))
    return honest * temperature + bias, truth


def test_dice_from_counts_is_dice_of_the_masks():
    logits, truth = scan(0)
    found = logits >= 0
    expected = 2 * (found & truth).sum() / (found.sum() + truth.sum())
    assert dice_at(count_logits(logits, truth), Scaling(), 0.5) == pytest.approx(expected, abs=1e-3)


def test_nothing_found_where_nothing_is_counts_as_agreement():
    counts = count_logits(np.full(10, -9.0), np.zeros(10, dtype=bool))
    assert dice_at(counts, Scaling(), 0.5) == 1.0


def test_the_temperature_is_that_which_the_network_is_off_by():
    judged = judge([left_out(name, *scan(seed, temperature=2.0)) for seed, name in enumerate("abcd")])
    assert judged.scaling.temperature == pytest.approx(2.0, rel=0.1)
    assert judged.reliability.ece.value < 0.03


def test_the_threshold_is_the_best_of_the_mean_dice_of_five_patients():
    truth = np.arange(100) < 30
    logits = np.where(truth, -1.0, -3.0)  # all lesions lie between 5 and 27 %
    patient = (count_logits(logits, truth), Scaling())
    threshold = best_threshold([patient] * 5)
    assert 0.05 < threshold <= 0.25
    assert threshold == 0.25, "of equals, the one nearest to one half"
    assert best_threshold([patient] * 4) == EVEN


def test_who_is_measured_has_no_say_in_threshold_and_temperature():
    """Five patients agree, the sixth would ask for another threshold: the others' gives it no lesion."""
    agree = [left_out(name, *scan(seed)) for seed, name in enumerate("abcde")]
    truth = np.arange(1000) < 100
    odd = left_out("odd", np.where(truth, -8.0, -12.0), truth)
    judged = judge([*agree, odd])
    assert judged.dice["odd"] == 0.0
    alone = judge(agree).dice
    assert set(judged.dice) == {*"abcde", "odd"}
    assert all(value > 0.5 for value in alone.values())


def test_one_patient_chooses_nothing():
    judged = judge([left_out("a", *scan(0, temperature=3.0))])
    assert (judged.scaling, judged.threshold, judged.reliability) == (Scaling(), EVEN, None)
    assert set(judged.dice) == {"a"}
    assert judge([]).dice == {}


def test_a_patient_without_lesions_is_not_judged_by_dice():
    well = left_out("well", np.full(100, -4.0), np.zeros(100, dtype=bool))
    assert set(judge([well, left_out("a", *scan(0))]).dice) == {"a"}


def test_the_sessions_of_a_patient_count_as_one():
    first, second = scan(0), scan(1)
    (pooled,) = by_subject([left_out("a", *first), left_out("a", *second)])
    whole = count_logits(np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]]))
    assert np.array_equal(pooled.counts.positive, whole.positive)
    assert np.array_equal(pooled.counts.negative, whole.negative)
    assert np.allclose(pooled.counts.logit, whole.logit)
    assert pooled.load_ml == pytest.approx((first[1].sum() + second[1].sum()) / 2000)


def test_a_second_stage_helps_only_where_patients_left_out_are_segmented_better():
    truth = np.zeros(1000, dtype=bool)
    truth[:100] = True
    right, wrong = np.where(truth, 4.0, -4.0), np.where(truth, -1.0, -2.0)
    wrong[500:600] = 3.0
    good, bad = ([left_out(name, logits, truth) for name in ("a", "b")] for logits in (right, wrong))
    assert helps(bad, good)
    assert not helps(good, bad)
    assert not helps(good, good)
    assert helps(good, [])
