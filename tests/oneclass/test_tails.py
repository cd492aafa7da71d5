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


def test_one_tail_is_damped_less_than_both_by_the_square_root_of_two_to_the_power():
    z = np.random.default_rng(0).standard_t(3, size=(4000, 20)).astype(np.float32)
    both, above = excess(z).mean(axis=0), excess(np.maximum(z, 0)).mean(axis=0)
    for power in (1.0, 2.0):
        ratio = tail_scale(both, keep, power) / tail_scale(above, keep, power)
        assert ratio.mean() == pytest.approx(2 ** (power / 2), rel=0.03)


def test_power_zero_does_nothing():
    assert (tail_scale(np.full(5, 3, dtype=np.float32), keep, 0.0) == 1).all()
