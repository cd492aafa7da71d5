"""Marked lesions against the truth: confidence as in the report, hits by overlap, misses by none."""

import numpy as np
import pytest

from bidsapp.analyses.ms.confidence import Candidates, judge_lesions
from bidsapp.analyses.ms.left_out import Judged, LeftOut, limit_of_confidence
from bidsapp.learning.calibration.counts import count_logits
from bidsapp.learning.calibration.scaling import Scaling
from bidsapp.learning.uncertainty.abstaining import choose_limit


def example(sure=0.99, unsure=0.6):
    """A sure lesion that is one, an unsure one that is none, and a lesion that nobody marked."""
    probability = np.full((20, 20, 20), 0.01, np.float32)
    truth = np.zeros(probability.shape, bool)
    probability[2:6, 2:6, 2:6], probability[12:15, 2:5, 2:5] = sure, unsure
    truth[2:6, 2:6, 3:6] = truth[2:5, 12:15, 12:15] = True
    return probability, truth


def test_confidence_is_one_minus_the_entropy_in_bits():
    judged = judge_lesions(*example(), threshold=0.5)
    bits = [-p * np.log2(p) - (1 - p) * np.log2(1 - p) for p in (0.99, 0.6)]
    assert judged.confidence.tolist() == pytest.approx([1 - item for item in bits], abs=1e-4)
    assert judged.true.tolist() == [True, False]
    assert judged.missed == 1


def test_a_limit_chosen_on_patients_marks_the_unsure_false_lesion_alone():
    limit = choose_limit([judge_lesions(*example(0.98 + 0.005 * n), 0.5) for n in range(3)])
    assert limit.value is not None
    judged = judge_lesions(*example(), threshold=0.5)
    assert (judged.confidence < limit.value).tolist() == [False, True]


def test_nothing_marked_and_nothing_there_is_no_lesion():
    judged = judge_lesions(np.zeros((8, 8, 8), np.float32), np.zeros((8, 8, 8), bool), 0.5)
    assert (judged.confidence.size, judged.true.size, judged.missed) == (0, 0, 0)


def logits(sure=4.0, unsure=0.4):
    probability, truth = example()
    logit = np.full(probability.shape, -15.0, np.float32)
    logit[probability > 0.9], logit[(probability > 0.5) & (probability < 0.9)] = sure, unsure
    return logit, truth


def test_candidates_judge_as_the_whole_brain_does():
    logit, truth = logits()
    chance = (1 / (1 + np.exp(-logit / 1.5))).astype(np.float32)
    whole = judge_lesions(chance, truth, threshold=0.5)
    few = Candidates.of(logit, truth)
    assert few.index.size < 200
    judged = few.judge(Scaling(1.5), 0.5)
    assert judged.confidence == pytest.approx(whole.confidence, abs=1e-3)
    assert (judged.true.tolist(), judged.missed) == (whole.true.tolist(), whole.missed)


def test_a_high_temperature_does_not_mark_what_was_not_kept():
    logit, truth = logits()
    judged = Candidates.of(logit, truth).judge(Scaling(5.0), 0.2)  # a logit of -6 would be 0.23
    assert judged.confidence.size == 2
    assert (judged.true.tolist(), judged.missed) == ([True, False], 1)


def left_out(subject, number):
    logit, truth = logits(4.0 + number)
    counts = count_logits(logit, truth)
    return LeftOut(subject, counts, counts, float(truth.sum()) / 1000, Candidates.of(logit, truth))


def test_five_patients_set_a_limit_that_marks_what_is_false_and_four_set_none():
    patients = [left_out(f"p{number}", number) for number in range(5)]
    rule = Judged(Scaling(), 0.5, {}, None)
    limit = limit_of_confidence(patients, rule)
    judged = patients[0].candidates.judge(rule.scaling, rule.threshold)
    assert (judged.confidence < limit).tolist() == (~judged.true).tolist() == [False, True]
    assert limit_of_confidence(patients[:4], rule) == 0
