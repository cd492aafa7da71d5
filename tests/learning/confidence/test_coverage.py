"""Coverage overall and by third of the score."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.learning.confidence.coverage import measure_coverage, share_of
from bidsapp.learning.confidence.interval import Interval


def test_by_thirds() -> None:
    truth = np.arange(30.0)
    interval = Interval(np.full(30, 5.0), np.full(30, 24.0))
    found = measure_coverage(truth, interval)
    assert {name: (each.patients, each.share.value) for name, each in found.items()} == {
        "all": (30, 20 / 30),
        "low": (10, 0.5),
        "middle": (10, 1.0),
        "high": (10, 0.5),
    }
    assert found["all"].mean_width == found["all"].median_width == 19


def test_equal_scores_stay_together() -> None:
    truth = np.repeat([3.0, 8.0], [20, 10])
    found = measure_coverage(truth, Interval(truth, truth))
    assert [(name, each.patients) for name, each in found.items()] == [
        ("all", 30),
        ("low", 20),
        ("high", 10),
    ]


def test_interval_of_a_share_is_exact() -> None:
    found = share_of(45, 50)  # Clopper and Pearson, from beta quantiles
    assert (found.value, found.low, found.high) == pytest.approx((0.9, 0.78186, 0.96673), abs=1e-4)
