"""Slopes of simulated curves, decay by hand, and timings that cannot be."""

from itertools import pairwise

import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.images.dynamic_pet import DynamicPet, slope_map
from bidsapp.images.frames import Frames
from bidsapp.images.kinetics import logan_slope, patlak_slope
from bidsapp.images.pet_frames import FrameTiming, decay_factors, frame_timing, late_frames

DURATIONS = np.array([15.0] * 8 + [60.0] * 8 + [300.0] * 16)
STARTS = np.concatenate([[0.0], np.cumsum(DURATIONS)[:-1]])
TIMING = FrameTiming(STARTS, DURATIONS)
STEP = 0.5


def simulate(k1, k2, k3=0.0):
    """Give the mean activity of each frame in a tissue that takes up, gives back and traps (Euler)."""
    times = np.arange(0, STARTS[-1] + DURATIONS[-1], STEP)
    plasma = times / 30 * np.exp(-times / 40) * 20 + 3 * np.exp(-times / 3000) * (1 - np.exp(-times / 20))
    free, bound, total = 0.0, 0.0, np.empty_like(times)
    for index, value in enumerate(plasma):
        total[index] = free + bound
        free, bound = free + STEP * (k1 * value - (k2 + k3) * free), bound + STEP * k3 * free
    ends = np.concatenate([STARTS, [STARTS[-1] + DURATIONS[-1]]])
    places = np.searchsorted(times, ends)
    return np.array([total[a:b].mean() for a, b in pairwise(places)])


def test_patlak_finds_the_rate_of_trapping():
    reference = simulate(0.1 / 60, 0.15 / 60)
    k1, k2, k3 = 0.1 / 60, 0.15 / 60, 0.05 / 60
    slope = patlak_slope(simulate(k1, k2, k3)[:, None], reference, TIMING, t_star=45 * 60)[0]
    assert slope == pytest.approx(k2 * k3 / (k2 + k3), rel=0.02)


def test_logan_finds_the_ratio_of_volumes():
    k2 = 0.2 / 60
    reference, tissue = simulate(0.1 / 60, k2), simulate(0.1 / 60, k2 / 1.8)
    slopes = logan_slope(np.stack([tissue, reference], axis=1), reference, TIMING, t_star=40 * 60, k2=k2)
    assert slopes == pytest.approx([1.8, 1.0], rel=0.02)


def test_logan_without_k2_is_right_once_the_ratio_is_steady():
    reference, tissue = simulate(0.1 / 60, 0.4 / 60), simulate(0.1 / 60, 0.4 / 60 / 1.5)
    assert logan_slope(tissue[:, None], reference, TIMING, t_star=60 * 60)[0] == pytest.approx(1.5, rel=0.02)


@pytest.mark.parametrize("slope", [patlak_slope, logan_slope])
def test_a_break_between_frames_changes_the_slope_little(slope):
    reference, tissue = simulate(0.1 / 60, 0.15 / 60), simulate(0.1 / 60, 0.1 / 60)
    scanned = (STARTS < 20 * 60) | (STARTS >= 45 * 60)
    whole = slope(tissue[:, None], reference, TIMING, t_star=45 * 60)[0]
    broken = FrameTiming(STARTS[scanned], DURATIONS[scanned])
    found = slope(tissue[scanned, None], reference[scanned], broken, t_star=45 * 60)[0]
    assert found == pytest.approx(whole, rel=0.01)


def test_a_slope_needs_late_frames():
    curve = np.ones(8)
    with pytest.raises(BadDataError, match="only 0 PET frames begin later than 20 min"):
        patlak_slope(curve[:, None], curve, FrameTiming(STARTS[:8], DURATIONS[:8]))


SIDECAR = {"FrameTimesStart": [0, 60, 120], "FrameDuration": [60, 60, 60]}


def test_decay_by_hand():
    timing = frame_timing({"FrameTimesStart": [0, 6586.2], "FrameDuration": [1e-3, 6586.2]}, 2)
    factors, said = decay_factors({"ImageDecayCorrected": False, "TracerRadionuclide": "F18"}, timing)
    assert factors[0] == pytest.approx(1, rel=1e-6)
    assert factors[1] == pytest.approx(2 * np.log(2) / 0.5)  # one half-life before it, one during it
    assert "half-life 6586.2 s" in said
    assert decay_factors({"ImageDecayCorrected": True}, timing)[0].tolist() == [1, 1]
    assert "taken as corrected" in decay_factors({}, timing)[1]


def test_a_half_life_that_is_not_known_is_said():
    with pytest.raises(BadDataError, match="TracerRadionuclide is missing"):
        decay_factors({"ImageDecayCorrected": False}, frame_timing(SIDECAR, 3))


def test_times_count_from_the_injection():
    timing = frame_timing({**SIDECAR, "InjectionStart": -1800}, 3)
    assert timing.middles.tolist() == [1830, 1890, 1950]
    assert late_frames(timing, 1880, 4000).tolist() == [False, True, True]


@pytest.mark.parametrize("missing", [{}, {"InjectionStart": "n/a"}])
def test_without_the_injection_there_is_no_slope_and_the_sentence_says_what_to_add(missing):
    timing = frame_timing({**SIDECAR, **missing}, 3)
    assert timing.starts.tolist() == SIDECAR["FrameTimesStart"]
    pet = DynamicPet(Frames(np.ones((2, 1, 1, 3), np.float32), np.eye(4)), timing, np.zeros(3, bool), 0.0, ())
    brain = np.ones((2, 1, 1), dtype=bool)
    with pytest.raises(BadDataError, match=r"InjectionStart is missing .* give the seconds from time zero"):
        slope_map(pet, brain, brain, "FDG")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"FrameTimesStart": [0, 60]}, "FrameTimesStart has 2 entries for 3 PET frames"),
        ({"FrameDuration": [60, 60, 0]}, "positive seconds"),
        ({"FrameTimesStart": [0, 30, 120]}, "frame 2 starts at 30 s, before frame 1 ends"),
        ({"FrameDuration": None}, "FrameDuration is missing"),
    ],
)
def test_timings_that_disagree_are_said_in_one_sentence(change, said):
    with pytest.raises(BadDataError, match=said):
        frame_timing({**SIDECAR, **change}, 3)


@pytest.mark.parametrize(
    ("tracer", "model"),
    [("FDG", "patlak"), ("2-deoxy-2-[18F]fluoro-D-glucose", "patlak"), ("florbetapir", "logan")],
)
def test_the_model_follows_the_tracer_whatever_it_is_called(tracer, model):
    curves = np.stack([simulate(0.1 / 60, 0.15 / 60)] * 2).astype(np.float32)
    frames = Frames(curves.reshape(2, 1, 1, -1), np.eye(4))
    pet = DynamicPet(frames, TIMING, np.zeros(len(frames), dtype=bool), 0.0, ())
    brain = np.ones((2, 1, 1), dtype=bool)
    assert slope_map(pet, brain, brain, tracer)[0] == model
