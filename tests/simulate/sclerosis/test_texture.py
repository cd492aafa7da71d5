"""Drawn texture has nearly the strength and the autocorrelation of the one it is drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from bidsapp.errors import BadDataError
from bidsapp.simulate.sclerosis.texture import draw_texture, local_mean, texture_of


def test_strength_and_autocorrelation_are_kept() -> None:
    rng = np.random.default_rng(0)
    image = ndimage.gaussian_filter(rng.standard_normal((1, 32, 32, 32)), (0, 1, 1, 1)).astype(np.float32)
    texture = texture_of(image, np.ones(image.shape[1:], bool))
    drawn = draw_texture(rng, texture, (25, 26, 27))[0]
    own = texture.residual[0, 4:-4, 4:-4, 4:-4]  # near the border of the array the mean is of fewer voxels
    assert drawn.shape == (25, 26, 27)
    assert drawn.std() == pytest.approx(own.std(), rel=0.1)
    assert _lag_one(drawn) == pytest.approx(_lag_one(own), abs=0.1)


def test_only_normal_voxels_are_drawn_from() -> None:
    image = np.random.default_rng(0).standard_normal((1, 20, 20, 20)).astype(np.float32)
    normal = np.ones(image.shape[1:], bool)
    normal[:5] = False
    image[:, :5] = 1000
    drawn = draw_texture(np.random.default_rng(0), texture_of(image, normal), (12, 12, 12))
    assert np.abs(drawn).max() < 10


def test_the_local_mean_of_a_constant_is_the_constant_up_to_the_border() -> None:
    normal = np.zeros((16, 16, 16), bool)
    normal[4:9, 4:12, 4:12] = True
    image = np.where(normal, 3, -50)[None].astype(np.float32)
    assert local_mean(image, normal)[:, normal] == pytest.approx(3, abs=1e-5)


def test_without_white_matter_there_is_no_texture() -> None:
    with pytest.raises(BadDataError, match="white matter"):
        texture_of(np.zeros((1, 16, 16, 16), np.float32), np.zeros((16, 16, 16), bool))


def _lag_one(field: np.ndarray) -> float:
    return float(np.corrcoef(field[1:].ravel(), field[:-1].ravel())[0, 1])
