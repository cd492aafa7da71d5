"""Acquisition: thick slices average, noise is Rician, contrasts order tissues as scanners do."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.simulate.head import Material
from bidsapp.simulate.scanner import CE_T1W, FLAIR, T1W, Grid, acquire, expose


def test_contrasts_order_the_tissues() -> None:
    assert T1W.wm > T1W.gm > T1W.csf
    assert FLAIR.gm > FLAIR.wm > FLAIR.csf
    assert CE_T1W.outside[Material.VESSEL] > 2 * T1W.outside[Material.VESSEL]


def test_a_thick_slice_is_the_mean_of_thin_ones() -> None:
    image = np.random.default_rng(0).normal(size=(5, 6, 12)).astype(np.float32)
    thick = np.diag([1.0, 1.0, 3.0, 1.0])
    thick[2, 3] = 1.0  # the first slice is centred on the second thin one
    sampled = acquire(image, np.eye(4), Grid((5, 6, 4), thick), slice_samples=3)
    assert np.allclose(sampled, image.reshape(5, 6, 4, 3).mean(axis=3), atol=1e-5)


def test_noise_in_air_is_rayleigh() -> None:
    noise = expose(
        np.zeros((30, 30, 30), dtype=np.float32), (1, 1, 1), np.random.default_rng(0), noise=2.0, bias=0.2
    )
    assert noise.mean() == pytest.approx(2 * np.sqrt(np.pi / 2), rel=0.02)
    assert noise.min() >= 0


def test_bias_is_smooth_and_multiplies() -> None:
    image = np.full((40, 40, 40), 100, dtype=np.float32)
    biased = expose(image, (4, 4, 4), np.random.default_rng(1), noise=0, bias=0.3)
    assert biased.std() > 5
    assert np.abs(np.diff(biased, axis=0)).max() < 8
