import numpy as np
import pytest

from bidsapp.oneclass.tails import excess, tail_scale


def keep(values):
    return values


def test_gaussian_deviates_are_left_as_they_are():
    z = np.random.default_rng(0).normal(size=(2000, 300)).astype(np.float32)
    assert tail_scale(excess(z).mean(axis=0), keep, 1.0).mean() == pytest.approx(1.0, abs=0.06)


def test_heavy_tails_are_damped_and_more_so_with_a_larger_power():
    z = np.random.default_rng(0).standard_t(3, size=(500, 50)).astype(np.float32)
    mean = excess(z).mean(axis=0)
    one, two = tail_scale(mean, keep, 1.0), tail_scale(mean, keep, 2.0)
    assert (one > 1.5).all()
    assert np.allclose(two, one**2, rtol=1e-5)


def test_power_zero_does_nothing():
    assert (tail_scale(np.full(5, 3, dtype=np.float32), keep, 0.0) == 1).all()
