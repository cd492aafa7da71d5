import numpy as np
import pytest
from scipy import ndimage

from bidsapp.images.regions import dice, label_dice, region_statistics
from bidsapp.images.volume import Volume

AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])


def labelled() -> tuple[Volume, Volume]:
    rng = np.random.default_rng(0)
    labels = Volume(rng.integers(0, 5, (10, 11, 12)).astype(np.float32) * 10, AFFINE)
    return labels.with_data(rng.normal(3, 2, (10, 11, 12))), labels


def test_statistics_agree_with_scipy():
    volume, labels = labelled()
    rows = region_statistics(volume, labels)
    names = [10, 20, 30, 40]
    assert [r.index for r in rows] == names
    np.testing.assert_allclose(
        [r.mean for r in rows], ndimage.mean(volume.data, labels.data, names), rtol=1e-5
    )
    expected = [volume.data[labels.data == n].std(ddof=1) for n in names]
    np.testing.assert_allclose([r.sd for r in rows], expected, rtol=1e-5)
    assert rows[0].volume_ml == pytest.approx(rows[0].count * 0.008)


def test_a_region_outside_the_mask_is_listed_with_nan():
    volume, labels = labelled()
    mask = labels.with_data(labels.data != 20)
    row = region_statistics(volume, labels, mask=mask)[1]
    assert row.count == 0
    assert np.isnan(row.mean)
    assert np.isnan(row.sd)


def test_dice_of_a_mask_with_itself_is_one_and_with_its_complement_zero():
    mask = np.random.default_rng(0).random((5, 5, 5)) > 0.5
    assert dice(mask, mask) == 1
    assert dice(mask, ~mask) == 0
    assert dice(mask & False, mask & False) == 1
    assert dice(np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])) == pytest.approx(2 / 3)


def test_label_dice_is_the_dice_of_each_label():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 4, (2, 9, 9, 9))
    scores = label_dice(first, second)
    assert scores == pytest.approx({n: dice(first == n, second == n) for n in (1, 2, 3)})
