from __future__ import annotations

import numpy as np

from bidsapp.analyses.coma.simulated import scaled, simulated_patients


def test_simulated_patients_look_as_real_ones_do():
    """They are on the grid of :func:`encode`, 48 x 57 x 48 voxels of 4 mm, and regions have its names."""
    patients, scores = simulated_patients(2, seed=3)
    assert {image.shape for patient in patients for image in patient.volumes.values()} == {(48, 57, 48)}
    assert "left Thalamus Proper" in patients[0].regions["T1w"]
    assert ((scores >= 0) & (scores <= 23)).all()
    again, _ = simulated_patients(2, seed=3)
    assert again is patients


def test_images_without_unit_have_median_zero_in_the_brain_and_are_zero_outside():
    rng = np.random.default_rng(0)
    brain = np.ones((8, 8, 8), dtype=bool)
    brain[0] = False
    found = scaled((100 + 7 * rng.standard_normal(brain.shape)).astype(np.float32), brain)
    assert not found[0].any()
    np.testing.assert_allclose(np.median(found[brain]), 0, atol=0.01)
    np.testing.assert_allclose(found[brain].std(), 1, atol=0.15)
