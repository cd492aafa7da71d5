import numpy as np
import pytest

from bidsapp.learning.calibration.counts import count_logits, near_lesions, pool


def test_counts_keep_every_voxel_and_its_logit_to_the_bin():
    rng = np.random.default_rng(0)
    logits, truth = rng.normal(0, 3, (10, 10, 10)), rng.random((10, 10, 10)) < 0.3
    counts = count_logits(logits, truth)
    assert counts.total == 1000
    assert counts.positive.sum() == truth.sum()
    assert (counts.negative + counts.positive) @ counts.logit == pytest.approx(logits.sum())
    assert (np.diff(counts.logit) > 0).all()


def test_the_region_decides_what_counts_and_the_farthest_logits_share_a_bin():
    logits, truth = np.array([-100.0, -16.0, 0.0, 99.0]), np.array([0, 0, 1, 1], dtype=bool)
    counts = count_logits(logits, truth, np.array([1, 1, 0, 1], dtype=bool))
    assert (counts.negative[0], counts.positive[-1], counts.total) == (2, 1, 3)


def test_nothing_to_count_and_not_a_number_are_errors():
    with pytest.raises(ValueError, match="finite logit"):
        count_logits(np.zeros(2), np.zeros(2, dtype=bool), np.zeros(2, dtype=bool))
    with pytest.raises(ValueError, match="finite logit"):
        count_logits(np.array([np.nan]), np.zeros(1, dtype=bool))


def test_neighbourhood_is_measured_in_millimetres_and_stays_in_the_brain():
    brain = np.ones((9, 9, 9), dtype=bool)
    brain[:, :, 6:] = False
    truth, prediction = np.zeros((2, 9, 9, 9), dtype=bool)
    truth[4, 4, 4] = True
    near = near_lesions(truth, prediction, brain, (1.0, 2.0, 1.0), distance=2.0)
    assert near[2:7, 4, 4].all()
    assert near[4, 3:6, 4].all()
    assert not near[4, 2, 4]
    assert not near[4, 4, 6]
    prediction[0, 0, 0] = True
    assert near_lesions(truth, prediction, brain, (1.0, 1.0, 1.0))[0, 0, 0]
    assert not near_lesions(truth & False, prediction & False, brain, (1.0, 1.0, 1.0)).any()


def test_scans_that_are_pooled_count_as_one():
    rng = np.random.default_rng(1)
    scans = [(rng.normal(0, 3, 500), rng.random(500) < 0.2) for _ in range(3)]
    pooled = pool([count_logits(*scan) for scan in scans])
    whole = count_logits(*(np.concatenate(part) for part in zip(*scans, strict=True)))
    assert np.array_equal(pooled.positive, whole.positive)
    assert np.array_equal(pooled.negative, whole.negative)
    assert np.allclose(pooled.logit, whole.logit)
