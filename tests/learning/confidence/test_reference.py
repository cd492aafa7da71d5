"""Patients unlike the training cohort."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from bidsapp.errors import BadDataError
from bidsapp.learning.confidence.reference import fit_reference, judge

NAMES = tuple("abcdef")


def _cohort(rng, number=50):
    mixing = np.eye(6) + 0.4
    return rng.normal(size=(number, 6)) @ mixing


@pytest.fixture
def reference():
    return fit_reference(_cohort(np.random.default_rng(0)), NAMES)


def test_patients_of_the_cohort_are_refused_as_rarely_as_said() -> None:
    rng, outside = np.random.default_rng(1), []
    for _ in range(25):
        table = _cohort(rng, 58)
        reference = fit_reference(table[:50], NAMES)
        outside.extend(judge(reference, row).outside for row in table[50:])
    assert 0.015 <= np.mean(outside) <= 0.075


def test_a_training_patient_left_out_is_measured_as_a_new_one() -> None:
    table = _cohort(np.random.default_rng(6), 25)
    others = fit_reference(np.delete(table, 3, axis=0), NAMES)
    seen = LedoitWolf().fit(others.standard)
    far = seen.mahalanobis((table[3:4] - others.centre) / others.spread)[0] ** 0.5
    assert fit_reference(table, NAMES).left_out[3, 0] == pytest.approx(far)


def test_says_what_is_far(reference) -> None:
    features = np.zeros(6)
    features[3] = -9
    found = judge(reference, features)
    assert found.outside
    assert found.p == pytest.approx(1 / 51)
    assert found.farthest == "d"
    assert found.z == pytest.approx((-9 - reference.centre[3]) / reference.spread[3])
    assert "is not like the training cohort (p = 0.020); 'd' deviates most" in found.reason


def test_finds_what_no_single_feature_shows() -> None:
    rng = np.random.default_rng(2)
    table = rng.normal(size=(50, 1)) + 0.1 * rng.normal(size=(50, 6))
    reference = fit_reference(table, NAMES)
    found = judge(reference, np.array([1.5, 1.5, 1.5, -1.5, -1.5, -1.5]))
    assert abs(found.z) < 2.5
    assert found.outside


def test_units_do_not_matter(reference) -> None:
    table = _cohort(np.random.default_rng(0))
    scale = 10.0 ** np.arange(6)
    other = fit_reference(table * scale + 7, NAMES)
    for row in _cohort(np.random.default_rng(3), 5) * 2:
        assert judge(other, row * scale + 7).p == judge(reference, row).p


def test_more_features_than_patients() -> None:
    rng = np.random.default_rng(4)
    table, names = rng.normal(size=(30, 60)), [f"f{place}" for place in range(60)]
    reference = fit_reference(table, names)
    assert not judge(reference, rng.normal(size=60)).outside
    assert judge(reference, np.full(60, 2.5)).outside


def test_a_feature_that_never_varied_and_now_does(reference) -> None:
    table = np.column_stack([_cohort(np.random.default_rng(0)), np.full(50, 3.0)])
    constant = fit_reference(table, (*NAMES, "g"))
    assert not judge(constant, np.append(np.zeros(6), 3.0)).outside
    assert judge(constant, np.append(np.zeros(6), 3.1)).farthest == "g"


def test_an_empty_image_is_outside(reference) -> None:
    found = judge(reference, np.array([0.1, np.nan, 0, 0, 0, 0]))
    assert (found.outside, found.farthest) == (True, "b")


def test_refuses_a_cohort_too_small_to_judge() -> None:
    with pytest.raises(BadDataError, match="needs 19 patients or more, not 12"):
        fit_reference(np.zeros((12, 6)), NAMES)
    with pytest.raises(BadDataError, match="feature 'b' of the reference cohort has gaps"):
        fit_reference(np.where(np.arange(6) == 1, np.nan, _cohort(np.random.default_rng(0))), NAMES)
