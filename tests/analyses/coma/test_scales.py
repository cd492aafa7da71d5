from __future__ import annotations

import numpy as np

from bidsapp.analyses.coma.models.encoded import coarsened
from bidsapp.analyses.coma.models.scales import ClinicalScale, SeriesScale, VolumeScale
from bidsapp.analyses.coma.patient import Patient, Series


def test_volumes_are_standard_deviations_from_the_mean_image():
    rng = np.random.default_rng(0)
    anatomy = rng.uniform(50, 100, (4, 5, 6))
    images = [(anatomy + 3 * rng.standard_normal(anatomy.shape)).astype(np.float32) for _ in range(200)]
    for image in images:
        image[0] = 0
    scale = VolumeScale.of(images)
    found = np.stack([scale(image) for image in images])
    assert abs(scale.spread - 3) < 0.1
    np.testing.assert_allclose(found[:, 1:].mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(found[:, 1:].std(), 1, atol=0.01)
    assert not found[:, 0].any()


def test_an_image_far_from_the_others_is_cut_at_six():
    scale = VolumeScale.of([np.full((2, 2, 2), value, dtype=np.float32) for value in (1, 2, 3)])
    np.testing.assert_allclose(scale(np.full((2, 2, 2), 1e6, dtype=np.float32)), 6)


def test_one_image_that_is_the_same_everywhere_has_no_spread_and_stays_finite():
    scale = VolumeScale.of([np.full((2, 2, 2), 7, dtype=np.float32)])
    np.testing.assert_allclose(scale(np.full((2, 2, 2), 8, dtype=np.float32)), 1)


def test_signals_without_unit_are_standardised_by_themselves_and_others_by_the_training_patients():
    rng = np.random.default_rng(0)

    def series(level: float) -> Series:
        values = (level * (10 + rng.standard_normal((50, 2)))).astype(np.float32)
        return Series(regions=("a", "b"), values=values, times=np.arange(50.0), durations=np.ones(50))

    loud, plain = series(5.0), series(1.0)
    own = SeriesScale.of([plain], relative=True)(loud)
    np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(own.std(axis=0), 1, atol=1e-5)
    assert SeriesScale.of([plain], relative=False)(loud).mean() > 30


def test_unknown_covariates_are_zero_and_said_to_be_unknown():
    patients = [
        Patient(subject="1", clinical={"age": 20.0, "sex": "F"}),
        Patient(subject="2", clinical={"age": 40.0}),
        Patient(subject="3"),
    ]
    scale = ClinicalScale.of(patients)
    values, known = scale(patients)
    np.testing.assert_array_equal(known, [[True, True], [True, False], [False, False]])
    np.testing.assert_allclose(values, [[-1, 0], [1, 0], [0, 0]])


def test_blocks_are_averaged_and_the_rest_is_left_out():
    image = np.arange(5 * 4 * 4, dtype=np.float32).reshape(5, 4, 4)
    found = coarsened(image, 2)
    assert found.shape == (2, 2, 2)
    assert found[1, 0, 1] == image[2:4, 0:2, 2:4].mean()
