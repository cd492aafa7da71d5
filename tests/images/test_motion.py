"""Figures of motion by hand and against nipype's."""

import numpy as np

from bidsapp.images.motion import dvars, expand_24, framewise_displacement, kept_frames, moving


def test_displacement_of_a_known_motion():
    still = [0.0] * 6
    parameters = np.array([still, [0.1, -0.2, 0.3, 0, 0, 0], [0.1, -0.2, 0.3, 0.01, -0.02, 0]])
    assert np.allclose(framewise_displacement(parameters), [0, 0.6, 50 * 0.03])


def test_displacement_is_that_of_nipype(tmp_path):
    from nipype.algorithms.confounds import FramewiseDisplacement

    parameters = np.random.default_rng(1).normal(0, 0.1, (15, 6))
    np.savetxt(tmp_path / "motion.txt", parameters)
    done = FramewiseDisplacement(
        in_file=str(tmp_path / "motion.txt"), parameter_source="SPM", out_file=str(tmp_path / "fd.txt")
    ).run(cwd=tmp_path)
    theirs = np.loadtxt(done.outputs.out_file, skiprows=1)
    assert np.allclose(framewise_displacement(parameters)[1:], theirs, atol=1e-6)


def test_dvars_by_hand():
    signals = np.array([[100.0, 100.0], [103.0, 104.0], [103.0, 104.0]])
    assert np.allclose(dvars(signals), [0, 100 * np.sqrt((9 + 16) / 2) / signals.mean(), 0])


def test_24_parameters_hold_the_frame_before_and_squares():
    expanded = expand_24(np.arange(18.0).reshape(3, 6))
    assert expanded.shape == (3, 24)
    assert expanded[2].tolist()[:12] == [12, 13, 14, 15, 16, 17, 6, 7, 8, 9, 10, 11]
    assert expanded[2, 12] == 144
    assert expanded[0, 6] == 0


def test_a_large_motion_takes_the_next_frame_with_it():
    assert kept_frames(np.array([0, 0.1, 0.9, 0.1, 0.1]), 0.5).tolist() == [True, True, False, False, True]


def test_a_parameter_moves_from_5_micrometres_on_at_50_mm():
    swing = np.array([1.0, -1.0] * 10)  # standard deviation 1
    sizes = [0.0051, 0.0049, 0.0, 0.000102, 0.000098, 0.0]
    assert moving(swing[:, None] * sizes).tolist() == [True, False, False, True, False, False]
