"""Calibration slope and intercept."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from bidsapp.learning.validation.calibration_line import calibration_intercept, calibration_slope


@pytest.mark.parametrize(("stretch", "slope"), [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0)])
def test_slope_undoes_the_stretch_of_the_logits(stretch: float, slope: float) -> None:
    rng = np.random.default_rng(0)
    logit = rng.normal(0, 1.5, 40000)
    truth = (rng.random(logit.size) < expit(logit)).astype(float)
    assert calibration_slope(truth, expit(stretch * logit)) == pytest.approx(slope, rel=0.04)


def test_intercept_is_the_shift_of_the_logits() -> None:
    rng = np.random.default_rng(1)
    logit = rng.normal(0, 1, 40000)
    truth = (rng.random(logit.size) < expit(logit)).astype(float)
    assert calibration_intercept(truth, expit(logit + 0.7)) == pytest.approx(-0.7, abs=0.03)


def test_intercept_of_a_constant_is_the_difference_of_logits() -> None:
    truth = np.repeat([0.0, 1.0], [30, 10])
    expected = np.log(1 / 3) - np.log(0.6 / 0.4)
    assert calibration_intercept(truth, np.full(40, 0.6)) == pytest.approx(expected)


def test_no_slope_without_overlap_or_spread() -> None:
    truth = np.repeat([0.0, 1.0], 5)
    assert np.isnan(calibration_slope(truth, np.linspace(0.1, 0.9, 10)))
    assert np.isnan(calibration_slope(truth, np.full(10, 0.4)))
    assert np.isnan(calibration_intercept(np.ones(10), np.full(10, 0.4)))
