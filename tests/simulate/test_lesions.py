"""An implanted lesion has the place, the volume and the contrast that were asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from bidsapp.errors import UsageError
from bidsapp.simulate.lesions import implant


@pytest.fixture
def ball() -> np.ndarray:
    axes = np.ogrid[:40, :40, :40]
    return sum((axis - 20) ** 2 for axis in axes) < 15**2


def test_a_free_lesion_is_the_sphere(ball: np.ndarray) -> None:
    volume = np.full(ball.shape, 100.0)
    made = implant(volume, ball, size_mm=10, contrast=-0.3, centre=(20, 20, 20), irregularity=0)
    assert made.mask.sum() == round(math.pi / 6 * 10**3)
    assert ndimage.center_of_mass(made.mask) == pytest.approx((20, 20, 20), abs=0.1)
    assert made.volume[20, 20, 20] == pytest.approx(70)
    assert np.all(made.volume[~ball] == 100)


@pytest.mark.parametrize("size_mm", [4.0, 8.0, 16.0])
def test_the_volume_is_right_to_a_voxel_even_at_the_border_of_tissue(
    ball: np.ndarray, size_mm: float
) -> None:
    rng = np.random.default_rng(0)
    made = implant(
        np.ones(ball.shape),
        ball,
        size_mm=size_mm,
        contrast=1,
        centre=(6, 20, 20),
        voxel_size=(1, 1, 1.5),
        rng=rng,
    )
    assert made.mask.sum() * 1.5 == pytest.approx(math.pi / 6 * size_mm**3, abs=1.5)
    assert not np.any(made.mask & ~ball)


def test_the_border_is_soft(ball: np.ndarray) -> None:
    made = implant(
        np.ones(ball.shape), ball, size_mm=12, contrast=1, centre=(20, 20, 20), irregularity=0, edge_mm=4
    )
    profile = made.fraction[20, 20, 20:]
    assert np.all(np.diff(profile) <= 0)
    assert np.count_nonzero((profile > 0) & (profile < 1)) >= 3


def test_the_given_volume_is_not_changed_and_noise_stays(ball: np.ndarray) -> None:
    volume = np.random.default_rng(1).normal(100, 5, ball.shape)
    before = volume.copy()
    made = implant(volume, ball, size_mm=10, contrast=0.5, centre=(20, 20, 20), irregularity=0)
    assert np.array_equal(volume, before)
    core = made.fraction == 1
    assert np.std(made.volume[core]) == pytest.approx(np.std(volume[core]), rel=1e-3)


def test_the_same_generator_draws_the_same_lesion(ball: np.ndarray) -> None:
    drawn = [
        implant(np.ones(ball.shape), ball, size_mm=8, contrast=1, rng=np.random.default_rng(5))
        for _ in range(2)
    ]
    assert np.array_equal(drawn[0].fraction, drawn[1].fraction)


def test_a_lesion_larger_than_its_tissue_is_refused(ball: np.ndarray) -> None:
    with pytest.raises(UsageError, match="choose another size or tissue"):
        implant(np.ones(ball.shape), ball, size_mm=60, contrast=1, centre=(20, 20, 20), irregularity=0)
    with pytest.raises(UsageError, match="random generator"):
        implant(np.ones(ball.shape), ball, size_mm=6, contrast=1)
