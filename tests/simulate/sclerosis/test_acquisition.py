import numpy as np
import pytest
import torch

from bidsapp.simulate.sclerosis.acquisition import Degradation, scan
from bidsapp.simulate.sclerosis.neighbourhood import largest_around, mean_around


def test_a_perfect_scanner_changes_nothing():
    image = torch.rand(12, 12, 12)
    assert torch.equal(scan(np.random.default_rng(0), image, Degradation()), image)


def test_a_shift_by_one_voxel_moves_the_image_by_one_voxel():
    image = torch.rand(12, 12, 12)
    moved = scan(np.random.default_rng(0), image, Degradation(shift=(1.0, 0.0, 0.0)))
    assert torch.allclose(moved, image.roll(1, 0))


def test_noise_has_the_standard_deviation_that_is_asked_for():
    flat = torch.ones(40, 40, 40)
    found = scan(np.random.default_rng(1), flat, Degradation(noise=0.02))
    assert float(found.std()) <= 0.0205


def test_thick_slices_blur_along_their_axis_alone():
    image = torch.zeros(24, 24, 24)
    image[12] = 1.0
    along = scan(np.random.default_rng(0), image, Degradation(thickness=(4.0, 1.0, 1.0)))
    across = scan(np.random.default_rng(0), image, Degradation(thickness=(1.0, 4.0, 1.0)))
    assert float(along[12].mean()) < 0.5
    assert float(across[12].mean()) == pytest.approx(1.0, abs=1e-5)


def test_neighbourhoods_agree_with_cubes_written_out():
    volume = torch.rand(9, 9, 9)
    cube = volume[2:7, 2:7, 2:7]
    assert float(largest_around(volume, 5)[4, 4, 4]) == float(cube.max())
    assert float(mean_around(volume, 5)[4, 4, 4]) == pytest.approx(float(cube.mean()), abs=1e-6)
