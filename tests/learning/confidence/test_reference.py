"""Patients unlike the training cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from bidsapp.errors import BadDataError
from bidsapp.learning.confidence.reference import ReferenceCohort, fit_reference, judge

NAMES = tuple("abcdef")


def _cohort(rng, number=50):
    mixing = np.eye(6) + 0.4
    return rng.normal(size=(number, 6)) @ mixing


def _fit(table: np.ndarray, names: Sequence[str], sessions: int = 1, **limit: float) -> ReferenceCohort:
    """Fit the reference of subjects with so many rows each, one after the other."""
    return fit_reference(table, names, [str(row // sessions) for row in range(len(table))], **limit)


@pytest.fixture
def reference():
    return _fit(_cohort(np.random.default_rng(0)), NAMES)


def test_patients_of_the_cohort_are_refused_as_rarely_as_said() -> None:
    rng, outside = np.random.default_rng(1), []
    for _ in range(25):
        table = _cohort(rng, 58)
        reference = _fit(table[:50], NAMES)
        outside.extend(judge(reference, row).outside for row in table[50:])
    assert 0.015 <= np.mean(outside) <= 0.075


def test_a_training_patient_left_out_is_measured_as_a_new_one() -> None:
    table = _cohort(np.random.default_rng(6), 25)
    others = _fit(np.delete(table, 3, axis=0), NAMES)
    seen = LedoitWolf().fit(others.standard)
    far = seen.mahalanobis((table[3:4] - others.centre) / others.spread)[0] ** 0.5
    assert _fit(table, NAMES).left_out[3, 0] == pytest.approx(far)


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
    reference = _fit(table, NAMES)
    found = judge(reference, np.array([1.5, 1.5, 1.5, -1.5, -1.5, -1.5]))
    assert abs(found.z) < 2.5
    assert found.outside


def test_units_do_not_matter(reference) -> None:
    table = _cohort(np.random.default_rng(0))
    scale = 10.0 ** np.arange(6)
    other = _fit(table * scale + 7, NAMES)
    for row in _cohort(np.random.default_rng(3), 5) * 2:
        assert judge(other, row * scale + 7).p == judge(reference, row).p


def test_more_features_than_patients() -> None:
    rng = np.random.default_rng(4)
    table, names = rng.normal(size=(30, 60)), [f"f{place}" for place in range(60)]
    reference = _fit(table, names)
    assert not judge(reference, rng.normal(size=60)).outside
    assert judge(reference, np.full(60, 2.5)).outside


def test_a_feature_that_never_varied_and_now_does(reference) -> None:
    table = np.column_stack([_cohort(np.random.default_rng(0)), np.full(50, 3.0)])
    constant = _fit(table, (*NAMES, "g"))
    assert not judge(constant, np.append(np.zeros(6), 3.0)).outside
    assert judge(constant, np.append(np.zeros(6), 3.1)).farthest == "g"


def test_an_empty_image_is_outside(reference) -> None:
    found = judge(reference, np.array([0.1, np.nan, 0, 0, 0, 0]))
    assert (found.outside, found.farthest) == (True, "b")


def test_refuses_a_cohort_too_small_to_judge() -> None:
    with pytest.raises(BadDataError, match="needs 19 patients or more, not 12"):
        _fit(np.zeros((12, 6)), NAMES)
    with pytest.raises(BadDataError, match="feature 'b' of the reference cohort has gaps"):
        _fit(np.where(np.arange(6) == 1, np.nan, _cohort(np.random.default_rng(0))), NAMES)


@pytest.mark.parametrize("count", [48, 97])
def test_a_cohort_of_exactly_as_many_as_the_limit_asks_is_enough(count: int) -> None:
    table = np.random.default_rng(5).normal(size=(count, 2))
    reference = _fit(table, "ab", limit=1 / (count + 1))
    assert judge(reference, np.full(2, 50.0), limit=1 / (count + 1)).outside
    with pytest.raises(BadDataError, match=f"needs {count} patients or more, not {count - 1}"):
        _fit(table[1:], "ab", limit=1 / (count + 1))


def _repeated(table: np.ndarray, sessions: int, rng: np.random.Generator) -> np.ndarray:
    """Give each subject sessions that differ little from one another."""
    again = np.repeat(table, sessions, axis=0)
    return again + 0.05 * rng.normal(size=again.shape)


def test_new_patients_are_refused_as_rarely_of_subjects_with_many_sessions() -> None:
    rng = np.random.default_rng(7)
    reference = _fit(_repeated(_cohort(rng, 30), 4, rng), NAMES, sessions=4)
    outside = [judge(reference, row).outside for row in _cohort(rng, 150)]
    assert 0 < np.mean(outside) <= 0.12


def test_a_subject_counts_by_the_share_of_its_sessions() -> None:
    rng = np.random.default_rng(8)
    reference = _fit(_repeated(_cohort(rng, 20), 3, rng), NAMES, sessions=3)
    assert np.bincount(reference.subject).tolist() == [3] * 20
    assert judge(reference, np.full(6, 1e3)).p == pytest.approx(1 / 21)
    left_out = reference.left_out.copy()
    left_out[4] = 1e6
    assert judge(replace(reference, left_out=left_out), np.full(6, 1e3)).p == pytest.approx((1 + 1 / 3) / 21)


def test_no_session_of_a_subject_is_a_neighbour_of_another_of_its_own() -> None:
    rng = np.random.default_rng(9)
    table = _repeated(_cohort(rng, 20), 3, rng)
    left_out = _fit(table, NAMES, sessions=3).left_out[:3]
    alone = [_fit(np.vstack([table[row], table[3:]]), NAMES).left_out[0] for row in range(3)]
    np.testing.assert_allclose(left_out, alone)
