"""Cleaning and local measures of BOLD: known answers."""

import numpy as np
import pytest

from bidsapp.images.denoise import clean_signals, nuisance_signal
from bidsapp.images.local_activity import alff, reho
from bidsapp.images.region_series import region_series

REPETITION = 2.0
TIMES = np.arange(200) * REPETITION


def sine(frequency, phase=0.0):
    return np.sin(2 * np.pi * frequency * TIMES + phase)


def test_the_band_keeps_a_slow_wave_and_takes_a_fast_one_away():
    clean = clean_signals(np.stack([sine(0.05), sine(0.2)], axis=1), REPETITION)
    slow, fast = clean[20:-20].std(axis=0)
    assert slow == pytest.approx(np.sqrt(0.5), rel=0.05)
    assert fast < 0.05 * slow


def test_confounds_are_taken_out_and_the_rest_stays():
    confound, signal = sine(0.03, 1.0), sine(0.06)
    clean = clean_signals((signal + 5 * confound)[:, None], REPETITION, confounds=confound[:, None])
    assert np.corrcoef(clean[:, 0], signal)[0, 1] > 0.98
    assert abs(np.corrcoef(clean[:, 0], confound)[0, 1]) < 0.05


def test_scrubbed_frames_leave_no_trace():
    kept = np.ones(200, dtype=bool)
    kept[[50, 51, 120]] = False
    spoilt = sine(0.05)
    spoilt[~kept] += 100
    clean = clean_signals(spoilt[:, None], REPETITION, kept=kept)
    assert clean.shape == (197, 1)
    assert np.abs(clean[20:-20, 0] - sine(0.05)[kept][20:-20]).max() < 0.1


def test_a_slow_scan_has_no_upper_end_of_the_band():
    assert clean_signals(sine(0.05)[:, None], 6.0).shape == (200, 1)


def test_nuisance_is_the_mean_of_sure_voxels():
    signals = np.arange(12.0).reshape(3, 4)
    assert nuisance_signal(signals, np.array([1.0, 0.995, 0.5, 0.0]))[:, 0].tolist() == [0.5, 4.5, 8.5]


def test_amplitude_of_a_sine_in_the_band():
    frequencies = np.fft.rfftfreq(200, REPETITION)
    count = int(((frequencies >= 0.01) & (frequencies <= 0.08)).sum())
    found = alff(np.stack([3 * sine(0.05), 3 * sine(0.2), 6 * sine(0.05)], axis=1), REPETITION)
    assert found[0] == pytest.approx(3 / count, rel=1e-6)
    assert found[1] == pytest.approx(0, abs=1e-9)
    assert found[2] == pytest.approx(2 * found[0])


def test_neighbours_of_one_signal_agree_wholly():
    mask = np.zeros((5, 5, 5), dtype=bool)
    mask[1:4, 1:4, 1:4] = True
    same = np.tile(np.random.default_rng(0).normal(size=(40, 1)), (1, 27))
    homogeneity = reho(same, mask)
    assert np.allclose(homogeneity[mask], 1.0)
    assert not homogeneity[~mask].any()


def test_homogeneity_is_kendalls_w_by_hand():
    rng = np.random.default_rng(1)
    mask = np.ones((3, 3, 3), dtype=bool)
    signals = rng.normal(size=(30, 27))
    ranks = signals.argsort(axis=0).argsort(axis=0) + 1
    sums = ranks.sum(axis=1)
    expected = 12 * ((sums - sums.mean()) ** 2).sum() / (27**2 * (30**3 - 30))
    assert reho(signals, mask)[1, 1, 1] == pytest.approx(expected, rel=1e-5)


def test_signals_of_regions_are_the_means_of_their_voxels():
    signals = np.random.default_rng(2).normal(size=(8, 20))
    labels = np.repeat([3, 7, 0, 9], [6, 8, 4, 2])
    found = region_series(signals, labels, [7, 3, 9, 11])
    assert np.allclose(found[:, 0], signals[:, 6:14].mean(axis=1))
    assert np.allclose(found[:, 1], signals[:, :6].mean(axis=1))
    assert np.isnan(found[:, 2:]).all()


def test_signals_of_regions_are_those_of_nilearn():
    import nibabel as nib
    from nilearn.maskers import NiftiLabelsMasker

    rng = np.random.default_rng(4)
    data, labels = rng.normal(size=(5, 5, 5, 9)), rng.integers(0, 4, (5, 5, 5))
    masker = NiftiLabelsMasker(nib.Nifti1Image(labels.astype(np.int32), np.eye(4)), standardize=None)
    theirs = masker.fit_transform(nib.Nifti1Image(data, np.eye(4)))
    assert np.allclose(region_series(data.reshape(-1, 9).T, labels.ravel(), [1, 2, 3]), theirs)
