"""What is done with BOLD frames before realignment, on signals whose truth is known."""

import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.images.bold import realign_bold
from bidsapp.images.bold_frames import (
    correct_slice_timing,
    count_non_steady,
    repetition_time,
    slice_order,
    temporal_snr,
)
from bidsapp.images.frames import Frames
from bidsapp.images.volume import Volume


def wave(times):
    return 100 + np.sin(2 * np.pi * 0.03 * times)


def test_slices_are_brought_to_the_middle_of_the_repetition():
    timing, repetition = [0.0, 1.0, 0.5, 1.5], 2.0
    starts = np.arange(60) * repetition
    data = np.stack([np.broadcast_to(wave(starts + offset), (2, 2, 60)) for offset in timing], axis=2)
    mended = correct_slice_timing(Frames(data.astype(np.float32), np.eye(4)), timing, repetition).data
    assert np.abs(mended[0, 0, :, 2:-2] - wave(starts + 1.0)[2:-2]).max() < 2e-3
    assert np.abs(data[0, 0, :, 2:-2] - wave(starts + 1.0)[2:-2]).max() > 0.1


def test_a_direction_that_runs_backwards_turns_the_times_round():
    assert slice_order([0.0, 1.0], {"SliceEncodingDirection": "k-"}) == [1.0, 0.0]
    assert slice_order([0.0, 1.0], {"SliceEncodingDirection": "k"}) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("timing", "said"), [([0.0, 1.0], "2 entries for 4 slices"), ([0, 500, 1000, 1500], "milliseconds")]
)
def test_slice_timing_that_disagrees_is_said(timing, said):
    frames = Frames(np.zeros((2, 2, 4, 10), np.float32), np.eye(4))
    with pytest.raises(BadDataError, match=said):
        correct_slice_timing(frames, timing, 2.0)


def test_bright_first_frames_are_counted():
    data = np.random.default_rng(0).normal(100, 0.5, (3, 3, 3, 60)).astype(np.float32)
    assert count_non_steady(Frames(data, np.eye(4))) == 0
    data[..., :3] += np.array([60.0, 30.0, 10.0], np.float32)
    assert count_non_steady(Frames(data, np.eye(4))) == 3


def test_a_short_or_untimed_image_is_refused_in_a_sentence():
    with pytest.raises(BadDataError, match="it has 20 frames, too few"):
        repetition_time({"RepetitionTime": 2.0}, 20)
    with pytest.raises(BadDataError, match="RepetitionTime is missing"):
        repetition_time({}, 100)
    with pytest.raises(BadDataError, match="RepetitionTime is 2000"):
        repetition_time({"RepetitionTime": 2000}, 100)
    assert repetition_time({"RepetitionTime": 0.8}, 34) == 0.8


def test_ten_seconds_hold_no_slow_signal():
    rng = np.random.default_rng(0)
    volumes = [Volume(rng.normal(100, 1, (3, 3, 3)).astype(np.float32), np.eye(4)) for _ in range(40)]
    with pytest.raises(BadDataError, match="40 of its 40 frames are steady, 10 s, which is too short"):
        realign_bold(volumes, {"RepetitionTime": 0.25})


def test_signal_to_noise_in_time():
    signals = np.random.default_rng(3).normal(500, 5, (400, 50))
    assert temporal_snr(signals) == pytest.approx(100, rel=0.05)
    assert temporal_snr(signals + np.linspace(0, 200, 400)[:, None]) == pytest.approx(120, rel=0.05)
