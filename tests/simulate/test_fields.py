"""Random fields have unit variance; what bends a head does not fold it."""

from __future__ import annotations

import numpy as np

from bidsapp.simulate.fields import diffeomorphism, smooth_field, upsample


def test_a_field_is_standardised_and_smooth() -> None:
    field = smooth_field((40, 40, 40), 3.0, np.random.default_rng(0))
    assert abs(field.mean()) < 1e-5
    assert abs(field.std() - 1) < 1e-4
    neighbours = np.corrcoef(field[1:].ravel(), field[:-1].ravel())[0, 1]
    assert np.isclose(
        neighbours, np.exp(-1 / (4 * 3.0**2)), atol=0.01
    )  # autocorrelation of smoothed white noise


def test_a_large_velocity_does_not_fold() -> None:
    rng = np.random.default_rng(1)
    velocity = np.stack([3 * smooth_field((24, 24, 24), 4.0, rng) for _ in range(3)])
    displacement = diffeomorphism(velocity)
    jacobian = (
        np.stack([np.stack(np.gradient(axis)) for axis in displacement]) + np.eye(3)[:, :, None, None, None]
    )
    inner = np.moveaxis(jacobian, (0, 1), (-2, -1))[2:-2, 2:-2, 2:-2]
    assert np.linalg.det(inner).min() > 0


def test_the_inverse_of_a_diffeomorphism_is_that_of_the_negative_velocity() -> None:
    from scipy import ndimage

    rng = np.random.default_rng(2)
    velocity = np.stack([1.5 * smooth_field((30, 30, 30), 5.0, rng) for _ in range(3)])
    forth, back = diffeomorphism(velocity), diffeomorphism(-velocity)
    there = np.indices((30, 30, 30)) + forth
    again = there + np.stack([ndimage.map_coordinates(axis, there, order=1, mode="nearest") for axis in back])
    error = np.abs(again - np.indices((30, 30, 30)))[:, 5:-5, 5:-5, 5:-5]
    assert error.max() < 0.2


def test_upsampling_keeps_a_plane() -> None:
    x, y, z = np.meshgrid(*[np.arange(6.0)] * 3, indexing="ij")
    coarse = (x + 2 * y - z).astype(np.float32)
    fine = upsample(coarse, (14, 15, 13), 3)
    x, y, z = np.meshgrid(np.arange(14), np.arange(15), np.arange(13), indexing="ij")
    assert np.allclose(fine, (x + 2 * y - z) / 3, atol=1e-5)
