"""Coverage overall and by third of the score."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.learning.confidence.coverage import measure_coverage, share_of
from bidsapp.learning.confidence.interval import Interval

STRANGERS = [str(number) for number in range(30)]


def test_by_thirds() -> None:
    truth = np.arange(30.0)
    interval = Interval(np.full(30, 5.0), np.full(30, 24.0))
    found = measure_coverage(truth, interval, STRANGERS)
    assert {name: (each.patients, each.share.value) for name, each in found.items()} == {
        "all": (30, 20 / 30),
        "low": (10, 0.5),
        "middle": (10, 1.0),
        "high": (10, 0.5),
    }
    assert found["all"].mean_width == found["all"].median_width == 19


def test_equal_scores_stay_together() -> None:
    truth = np.repeat([3.0, 8.0], [20, 10])
    found = measure_coverage(truth, Interval(truth, truth), STRANGERS)
    assert [(name, each.patients) for name, each in found.items()] == [
        ("all", 30),
        ("low", 20),
        ("high", 10),
    ]


def test_interval_of_a_share_is_exact() -> None:
    found = share_of(45, 50)  # Clopper and Pearson, from beta quantiles
    assert (found.value, found.low, found.high) == pytest.approx((0.9, 0.78186, 0.96673), abs=1e-4)


def test_a_patient_counts_once_however_many_sessions() -> None:
    truth = np.repeat(np.arange(30.0), 3)
    low = np.repeat(np.where(np.arange(30) < 3, 40.0, 0.0), 3)  # no session of three patients is held
    low[-1] = 40.0  # nor one of three of another one's
    found = measure_coverage(truth, Interval(low, np.full(90, 50.0)), np.repeat(STRANGERS, 3).tolist())["all"]
    assert (found.patients, found.sessions) == (30, 90)
    assert found.share.value == pytest.approx(1 - (3 + 1 / 3) / 30)
    nine_tenths, less = share_of(27, 30), share_of(26, 30)
    assert less.low < found.share.low < nine_tenths.low
    assert less.high < found.share.high < nine_tenths.high


def test_the_ends_of_a_share_of_none_and_of_all() -> None:
    assert (share_of(0, 10).low, share_of(10, 10).high) == (0.0, 1.0)
    assert share_of(0, 10).high == pytest.approx(1 - 0.025 ** (1 / 10))
