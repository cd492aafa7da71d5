import numpy as np
import pytest

from bidsapp.images.quality import (
    contrast_to_noise,
    correlation,
    entropy_focus,
    mask_volume,
    mutual_information,
    nonuniformity,
    signal_to_noise,
)
from bidsapp.images.volume import Volume

SHAPE = (40, 40, 40)


def normal(mean: float, sd: float, seed: int = 0) -> Volume:
    return Volume(np.random.default_rng(seed).normal(mean, sd, SHAPE).astype(np.float32), np.eye(4))


def whole() -> Volume:
    return Volume(np.ones(SHAPE, dtype=np.float32), np.eye(4))


def halves() -> tuple[Volume, Volume]:
    first = np.zeros(SHAPE)
    first[:20] = 1
    return whole().with_data(first), whole().with_data(1 - first)


def test_snr_of_gaussian_noise_is_mean_over_sd():
    assert signal_to_noise(normal(100, 5), whole()) == pytest.approx(20, rel=0.02)
    assert np.isnan(signal_to_noise(whole(), whole()))


def test_cnr_of_two_gaussians():
    grey, white = halves()
    volume = normal(0, 3)
    volume = volume.with_data(volume.data + np.where(white.data > 0, 20, 8))
    assert contrast_to_noise(volume, grey, white) == pytest.approx(12 / np.sqrt(18), rel=0.02)
    assert contrast_to_noise(volume, grey, white, air_sd=3) == pytest.approx(12 / np.sqrt(27), rel=0.02)


def test_entropy_focus_is_one_for_a_flat_image_and_near_zero_for_one_bright_voxel():
    assert entropy_focus(whole()) == pytest.approx(1.0)
    spike = whole().with_data(np.full(SHAPE, 1e-6))
    spike.data[3, 3, 3] = 1
    assert entropy_focus(spike) < 0.01


def test_blur_raises_the_entropy_focus():
    rng = np.random.default_rng(0)
    sharp = (rng.random(SHAPE) > 0.9) + 0.01
    blurred = sharp.copy()
    for axis in range(3):
        blurred = blurred + np.roll(blurred, 1, axis)
    assert entropy_focus(whole().with_data(blurred)) > entropy_focus(whole().with_data(sharp))


def test_a_flat_field_has_no_range():
    assert nonuniformity(whole(), whole()) == (1.0, 0.0)
    ramp = whole().with_data(np.linspace(0.5, 1.5, 64000).reshape(SHAPE))
    assert nonuniformity(ramp, whole()) == pytest.approx((1.0, 0.9), abs=1e-3)


def test_the_volume_of_a_mask_is_in_millilitres():
    mask = np.zeros(SHAPE)
    mask[5:15, 5:15, 5:15] = 1
    assert mask_volume(whole().with_data(mask)) == pytest.approx(1.0)
    assert mask_volume(whole().with_data(np.zeros(SHAPE))) == 0


def test_correlation_of_an_image_with_itself_and_its_inverse():
    assert correlation(normal(0, 1), normal(0, 1), whole()) == pytest.approx(1)
    assert correlation(normal(0, 1), normal(0, 1).with_data(-normal(0, 1).data), whole()) == pytest.approx(-1)
    assert np.isnan(correlation(normal(0, 1), whole(), whole()))


def test_mutual_information_is_two_for_copies_one_for_strangers_and_blind_to_contrast():
    volume = normal(0, 1)
    assert mutual_information(volume, volume, whole()) == pytest.approx(2)
    assert mutual_information(volume, volume.with_data(-5 * volume.data), whole()) == pytest.approx(
        2, abs=0.02
    )
    assert mutual_information(volume, normal(0, 1, seed=1), whole(), bins=16) == pytest.approx(1, abs=0.01)
