"""FDG PET: grey over white is blurred by the camera, and the scale is that of the dose."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.simulate.pet import Dose, regional_uptake, scan_pet
from bidsapp.simulate.scanner import Grid


def test_the_scale_is_suv_times_dose_per_gram() -> None:
    assert Dose(185, 74, grey_suv=8).grey_bq_ml == pytest.approx(20_000)


def test_a_point_is_blurred_to_the_width_of_the_camera() -> None:
    uptake = np.zeros((41, 41, 41), dtype=np.float32)
    uptake[20, 20, 20] = 1000
    grid = Grid((41, 41, 41), np.eye(4))
    image = scan_pet(
        uptake, np.eye(4), grid, Dose(1e-6 * 74e3 / 8, 74), np.random.default_rng(0), fwhm_mm=6, noise=0
    )
    profile = image[20, 20]
    assert profile[23] / profile[20] == pytest.approx(0.5, abs=0.01)
    assert image.sum() == pytest.approx(1000, rel=1e-3)


def test_the_precuneus_outshines_the_cerebellum() -> None:
    places = np.array([[0, 20], [-60, -60], [30, -40]], dtype=np.float32).reshape(3, 2, 1, 1)
    precuneus, cerebellum = regional_uptake(places).ravel()
    assert precuneus > 1.1
    assert cerebellum < 0.9
