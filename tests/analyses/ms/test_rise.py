"""Brightness of lesions above the tissue around them, now and before."""

import numpy as np
import pytest

from bidsapp.analyses.ms.rise import measure_brightness, rise_of


def test_a_lesion_is_measured_above_its_own_surround_inside_of_the_brain():
    labels = np.zeros((40, 20, 20), np.int32)
    labels[5:8, 8:11, 8:11], labels[30:33, 8:11, 8:11] = 1, 2
    level = np.ones(labels.shape, np.float32)
    level[20:] = 1.3  # the tissue around the second is brighter
    now = level + np.where(labels == 1, 0.5, 0) + np.where(labels == 2, 0.4, 0)
    brain = np.ones(labels.shape, bool)
    brain[:, :8] = False
    before = np.where(brain, 0.9 * level, 7)  # what lies outside of the brain does not count
    before += 0.9 * np.where(labels == 2, 0.2, 0)
    first, then = measure_brightness(labels, now.astype(np.float32), before.astype(np.float32), brain)
    assert first == pytest.approx([0.5, 0.4], abs=1e-5)
    assert then == pytest.approx([0, 0.18], abs=1e-5)


def test_the_rise_is_a_share_of_today_and_bounded():
    assert rise_of(np.array([0.4, 0.4, 0.4]), np.array([0.0, 0.1, 0.4])) == pytest.approx([1, 0.75, 0])
    assert rise_of(np.array([0.0, 0.01]), np.array([-1.0, 1.0])) == pytest.approx([2, -2])


def test_without_lesions_there_is_no_number():
    nothing = np.zeros((4, 4, 4), np.int32)
    image = np.ones(nothing.shape, np.float32)
    assert [part.size for part in measure_brightness(nothing, image, image, image > 0)] == [0, 0]
