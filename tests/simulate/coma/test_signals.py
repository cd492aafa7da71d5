"""Signals have the correlation and the uptake that they are given."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from bidsapp.simulate.coma.signals import (
    HEALTHY_INFLUX,
    NETWORK_CORRELATION,
    OTHER_CORRELATION,
    VOLUME,
    bold,
    fdg_curves,
    frame_means,
    integrated_plasma,
    plasma,
)

FRAMES = (10.0,) * 6 + (60.0,) * 4 + (600.0,) * 4
HEALTHY = dict.fromkeys(("a", "b", "c", "d"), 0.0)
NETWORK = {"a": True, "b": True, "c": False, "d": False}


def _correlation(injuries, network_injury):
    signals = bold(
        injuries, NETWORK, network_injury, frames=40_000, repetition_time=2.0, rng=np.random.default_rng(0)
    )
    assert signals.values.std(axis=0) == pytest.approx(np.ones(4), abs=0.03)
    return np.corrcoef(signals.values.T)


def test_healthy_regions_correlate_as_stated():
    found = _correlation(HEALTHY, 0.0)
    assert found[0, 1] == pytest.approx(NETWORK_CORRELATION, abs=0.03)
    assert found[2, 3] == pytest.approx(OTHER_CORRELATION, abs=0.03)
    assert found[0, 2] == pytest.approx(0, abs=0.03)


def test_injury_of_a_region_and_of_the_network_lowers_the_correlation_of_the_network():
    found = _correlation({**HEALTHY, "a": 0.5}, 0.4)
    assert found[0, 1] == pytest.approx(NETWORK_CORRELATION * 0.6 * np.sqrt(0.5), abs=0.03)
    assert found[2, 3] == pytest.approx(OTHER_CORRELATION, abs=0.03)


def test_people_with_stronger_connectivity_correlate_more():
    signals = bold(
        HEALTHY, NETWORK, 0.0, frames=40_000, repetition_time=2.0, strength=1.3, rng=np.random.default_rng(0)
    )
    assert np.corrcoef(signals.values.T)[0, 1] == pytest.approx(1.3 * NETWORK_CORRELATION, abs=0.03)


def test_the_integral_of_plasma_is_its_integral():
    for end in (30.0, 600.0, 3600.0):
        expected, _ = integrate.quad(lambda t: plasma(np.array(t)), 0, end, points=[10, 60], limit=200)
        assert integrated_plasma(np.array(end)) == pytest.approx(expected, rel=1e-6)


def test_frame_means_of_a_line_are_its_values_in_the_middle():
    durations = np.array([10.0, 50.0, 5.0])
    assert frame_means(lambda t: 2 * t + 1, durations) == pytest.approx(np.array([11.0, 71.0, 126.0]))


def test_the_patlak_slope_is_the_influx():
    curves = fdg_curves(
        {"a": 0.0, "b": 0.5}, frames=FRAMES, loss=0.6, noise=0.0, rng=np.random.default_rng(0)
    )
    durations = np.array(FRAMES)
    blood = frame_means(plasma, durations)
    x = frame_means(integrated_plasma, durations) / blood
    slopes, intercepts = np.polyfit(x, curves.values / blood[:, None], 1)
    assert slopes == pytest.approx(HEALTHY_INFLUX * np.array([1.0, 0.7]), rel=1e-3)
    assert intercepts == pytest.approx([VOLUME, VOLUME], rel=1e-3)
    assert curves.times[:7] == pytest.approx([5, 15, 25, 35, 45, 55, 90])


def test_noise_of_pet_falls_with_the_length_of_the_frame():
    frames = (15.0,) * 2000 + (240.0,) * 2000
    noisy = fdg_curves({"a": 0.0}, frames=frames, loss=0.6, noise=0.1, rng=np.random.default_rng(0))
    clean = fdg_curves({"a": 0.0}, frames=frames, loss=0.6, noise=0.0, rng=np.random.default_rng(0))
    relative = (noisy.values / clean.values - 1)[:, 0]
    assert relative[:2000].std() == pytest.approx(0.2, rel=0.06)
    assert relative[2000:].std() == pytest.approx(0.05, rel=0.06)
