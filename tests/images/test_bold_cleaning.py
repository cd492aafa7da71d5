"""What regression of motion takes out of BOLD, and what it must leave there."""

import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.images.bold import Realigned, clean_bold
from bidsapp.images.bold_frames import FEWEST_FRAMES
from bidsapp.images.frames import Frames

FRAMES = 60
SIGNAL = np.sin(2 * np.pi * 0.05 * 2.0 * np.arange(FRAMES))


def clean(motion, *, frames=FRAMES, jumps=0):
    """Clean noise with a signal of 1 % in half of the voxels, where one parameter follows the signal (mm)."""
    data = np.random.default_rng(0).normal(1000, 3, (4, 4, 4, frames)).astype(np.float32)
    data[:2] += 10 * SIGNAL[:frames]
    parameters = np.zeros((frames, 6))
    parameters[:, 0] = motion * SIGNAL[:frames]
    parameters[:, 1] = jumps
    white, fluid = np.zeros((2, 4, 4, 4))
    white[3, :2], fluid[3, 2:] = 1, 1
    realigned = Realigned(Frames(data, np.eye(4)), parameters, 2.0, 0, ())
    return clean_bold(realigned, np.ones((4, 4, 4), dtype=bool), white, fluid)


def test_the_activity_of_a_still_head_is_not_taken_for_motion():
    cleaned = clean(0.001)
    active = cleaned.filtered[:, :32].mean(axis=1)
    assert np.corrcoef(active, SIGNAL)[0, 1] > 0.9  # the filter bends 60 frames at both ends
    assert active.std() == pytest.approx(10 * SIGNAL.std(), rel=0.2)
    assert "6 of 6 parameters of motion vary by less than 0.005 mm" in cleaned.notes[0]


def test_motion_is_taken_out():
    cleaned = clean(0.1)
    assert cleaned.filtered[:, :32].mean(axis=1).std() < 0.1 * 10 * SIGNAL.std()
    assert "5 of 6 parameters" in cleaned.notes[0]
    assert cleaned.notes[1].startswith("1 instead of 4 parameters of motion were regressed")


def test_the_shortest_image_that_is_taken_can_be_filtered():
    cleaned = clean(0.1, frames=FEWEST_FRAMES)
    assert cleaned.filtered.shape == (FEWEST_FRAMES, 64)
    assert np.isfinite(cleaned.filtered).all()


def test_still_frames_too_close_together_cannot_be_filtered():
    jumps = np.where(np.arange(FRAMES) >= 29, np.arange(FRAMES) % 2, 0)  # 1 mm, back and forth
    with pytest.raises(BadDataError, match=r"lie within 29 frames, too few to filter \(at least 34\)"):
        clean(0, jumps=jumps)


def test_few_still_frames_apart_are_taken_with_a_warning():
    jumps = np.where((np.arange(FRAMES) > 10) & (np.arange(FRAMES) < 51), np.arange(FRAMES) % 2, 0)
    cleaned = clean(0, jumps=jumps)
    assert cleaned.filtered.shape == (int(cleaned.kept.sum()), 64)
    assert cleaned.notes[0] == "only 19 frames are left; correlations of so few are not to be trusted"
