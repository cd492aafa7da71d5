from itertools import pairwise

import numpy as np
import pytest

from bidsapp.learning.uncertainty.abstaining import JudgedLesions, choose_limit, marked


def patient(confidence, true, missed=0):
    return JudgedLesions(np.array(confidence), np.array(true, dtype=bool), missed)


def test_lesions_below_the_limit_are_marked_and_none_without_a_limit():
    confidence = np.array([0.2, 0.5, 0.9])
    assert marked(confidence, 0.5).tolist() == [True, False, False]
    assert not marked(confidence, None).any()


def test_a_limit_that_parts_true_from_false_in_all_patients_is_found():
    patients = [
        patient([0.9, 0.7, 0.2], [1, 1, 0]),
        patient([0.8, 0.1, 0.3], [1, 0, 0]),
        patient([0.75], [1]),
    ]
    limit = choose_limit(patients)
    assert limit.value == pytest.approx(0.5)  # halfway between 0.3, the surest false, and 0.7
    assert limit.f1_all == pytest.approx((4 / 5 + 2 / 4 + 1) / 3)
    assert limit.f1_kept == 1
    assert "below 0.5 are marked" in limit.statement


def test_where_false_lesions_are_the_surest_no_limit_is_set():
    patients = [patient([0.9, 0.2], [0, 1]), patient([0.8, 0.3], [0, 1])]
    limit = choose_limit(patients)
    assert limit.value is None
    assert limit.f1_kept <= limit.f1_all
    assert "would not help" in limit.statement


def test_a_limit_that_helps_only_those_who_chose_it_is_off():
    # each patient's own best limit is the other's loss
    patients = [patient([0.5, 0.4, 0.4, 0.4], [1, 0, 0, 0]), patient([0.3, 0.3, 0.3, 0.2], [1, 1, 1, 0])]
    limit = choose_limit(patients)
    assert limit.f1_kept < limit.f1_all
    assert limit.value is None


def test_f1_at_each_limit_agrees_with_filtering():
    rng = np.random.default_rng(0)
    patients = [patient(rng.random(8), rng.random(8) < 0.7, missed=2) for _ in range(4)]

    def f1(each, limit):
        kept = each.confidence >= limit
        hits = (each.true & kept).sum()
        return 2 * hits / (hits + kept.sum() - hits + each.true.sum() + each.missed)

    kept = []
    for index, each in enumerate(patients):
        others = patients[:index] + patients[index + 1 :]
        values = sorted(np.concatenate([other.confidence for other in others]))
        limits = [-np.inf, *((a + b) / 2 for a, b in pairwise(values))]
        best = max(
            limits, key=lambda limit, others=others: round(np.mean([f1(o, limit) for o in others]), 12)
        )
        kept.append(f1(each, best))
    found = choose_limit(patients)
    assert found.f1_kept == pytest.approx(np.mean(kept))
    assert found.f1_all == pytest.approx(np.mean([f1(each, -np.inf) for each in patients]))


def test_one_patient_cannot_choose_and_judge():
    with pytest.raises(ValueError, match="two patients or more"):
        choose_limit([patient([0.5], [1])])
