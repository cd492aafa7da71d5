"""Gradient-domain editing gives the known solutions of the Poisson equation."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.errors import UsageError
from bidsapp.simulate.sclerosis.poisson import differences, reached, solve, stronger

SHAPE = (12, 13, 14)


@pytest.fixture
def hole() -> np.ndarray:
    hole = np.zeros(SHAPE, dtype=bool)
    hole[3:9, 4:9, 3:10] = True
    return hole


def _harmonic() -> np.ndarray:
    x, y, z = np.indices(SHAPE, dtype=np.float32)
    return np.stack([2 * x - y + 0.5 * z, x**2 - y**2 + x * z])


def test_without_guide_a_harmonic_function_comes_back(hole: np.ndarray) -> None:
    truth = _harmonic()
    broken = np.where(hole, 99, truth).astype(np.float32)
    solved = solve(broken, np.zeros((3, *truth.shape), np.float32), hole, np.ones(SHAPE, bool))
    assert solved == pytest.approx(truth, abs=0.02)
    assert np.all(broken[:, hole] == 99)


def test_the_own_differences_give_the_image_back(hole: np.ndarray) -> None:
    truth = np.random.default_rng(0).standard_normal((2, *SHAPE)).astype(np.float32)
    everywhere = np.ones(SHAPE, bool)
    solved = solve(np.where(hole, 0, truth), differences(truth, everywhere), hole, everywhere)
    assert solved == pytest.approx(truth, abs=1e-3)


def test_a_pasted_image_keeps_its_differences_and_takes_the_level_of_the_border(hole: np.ndarray) -> None:
    source = np.random.default_rng(0).standard_normal((1, *SHAPE)).astype(np.float32)
    everywhere = np.ones(SHAPE, bool)
    solved = solve(source + 50, differences(source, everywhere), hole, everywhere)
    assert solved[:, hole] == pytest.approx(source[:, hole] + 50, abs=1e-2)


def test_what_is_unknown_does_not_leak_in(hole: np.ndarray) -> None:
    image = np.ones((1, *SHAPE), dtype=np.float32)
    image[:, :3] = -100  # fluid on one side of the hole
    solved = solve(image, np.zeros((3, *image.shape), np.float32), hole, image[0] > 0)
    assert solved[:, hole] == pytest.approx(1, abs=1e-3)


def test_a_hole_without_known_neighbours_is_refused(hole: np.ndarray) -> None:
    image = np.zeros((1, *SHAPE), dtype=np.float32)
    known = np.zeros(SHAPE, bool)
    known[0, 0, 0] = True
    assert not reached(hole, known).any()
    with pytest.raises(UsageError, match="known voxel"):
        solve(image, np.zeros((3, *image.shape), np.float32), hole, known)


def test_of_two_guides_the_stronger_is_taken() -> None:
    assert stronger(np.array([1.0, -3.0]), np.array([-2.0, 2.0])).tolist() == [-2.0, -3.0]
