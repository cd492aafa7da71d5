import numpy as np
import pytest

from bidsapp.learning.lesion_agreement.voxelwise import dice, hausdorff_95, normalised_dice, volume_error

EMPTY = np.zeros((4, 5, 6), dtype=bool)
FULL = np.ones((4, 5, 6), dtype=bool)


@pytest.fixture
def shifted():
    """Ten voxels of 1000, and ten of which five are the same."""
    reference, predicted = np.zeros((2, 10, 10, 10), dtype=bool)
    reference[0, 0, :] = True
    predicted[0, 0, :5] = predicted[5, 5, :5] = True
    return reference, predicted


def test_known_dice(shifted):
    assert dice(*shifted) == pytest.approx(0.5)


def test_known_normalised_dice(shifted):
    # h = 10 / 990, k = 999 / 99; 2 TP / (2 TP + k FP + FN) = 10 / (10 + 5 k + 5)
    assert normalised_dice(*shifted) == pytest.approx(10 / (15 + 5 * 999 / 99))


def test_normalised_dice_is_dice_at_its_own_load(shifted):
    assert normalised_dice(*shifted, load=0.01) == pytest.approx(dice(*shifted))


def test_normalised_dice_does_not_know_the_load():
    """The same recall and false positive rate at two loads: Dice differs, nDSC does not."""
    values = []
    for rows in (1, 5):  # 50 of 10,000 voxels and 250 of 10,000: 80 % found, 1 % of the others wrong
        reference, predicted = np.zeros((2, 200, 50), dtype=bool)
        reference[:rows] = True
        predicted[:rows, :40] = True
        others = np.flatnonzero(~reference.ravel())
        predicted.ravel()[others[: round(0.01 * others.size)]] = True
        values.append((dice(reference, predicted), normalised_dice(reference, predicted)))
    assert abs(values[0][0] - values[1][0]) > 0.2
    assert values[0][1] == pytest.approx(values[1][1], rel=0.01)


def test_volume_error_has_a_sign(shifted):
    reference, predicted = shifted
    predicted = predicted.copy()
    predicted[9, 9, :2] = True
    error = volume_error(reference, predicted, voxel_mm3=100)
    assert (error.millilitres, error.relative) == pytest.approx((0.2, 0.2))
    assert volume_error(predicted, reference, voxel_mm3=100).millilitres == pytest.approx(-0.2)


def test_known_hausdorff_of_a_shift():
    reference, predicted = np.zeros((2, 12, 12, 12), dtype=bool)
    reference[2, 4:8, 4:8] = predicted[5, 4:8, 4:8] = True
    assert hausdorff_95(reference, predicted, voxel_size=(2, 1, 1)) == pytest.approx(6.0)


@pytest.mark.parametrize("seed", range(3))
def test_dice_and_hausdorff_agree_with_other_libraries(blobs, seed):
    torch = pytest.importorskip("torch")
    from monai.metrics import compute_dice
    from scipy import ndimage

    reference, predicted = blobs(seed)
    batch = [torch.from_numpy(mask[None, None].astype(np.float32)) for mask in (predicted, reference)]
    assert dice(reference, predicted) == pytest.approx(float(compute_dice(*batch)), abs=1e-6)
    spacing = (1.0, 0.9, 3.0)
    edges = [mask & ~ndimage.binary_erosion(mask) for mask in (reference, predicted)]
    away = [ndimage.distance_transform_edt(~edge, sampling=spacing) for edge in edges]
    oracle = max(np.percentile(away[1][edges[0]], 95), np.percentile(away[0][edges[1]], 95))
    assert hausdorff_95(reference, predicted, voxel_size=spacing) == pytest.approx(oracle, abs=1e-4)


def test_two_empty_masks_agree_wholly():
    assert dice(EMPTY, EMPTY) == normalised_dice(EMPTY, EMPTY) == 1.0
    assert hausdorff_95(EMPTY, EMPTY, voxel_size=(1, 1, 1)) == 0.0
    assert volume_error(EMPTY, EMPTY, voxel_mm3=1).relative == 0.0


@pytest.mark.parametrize(("reference", "predicted"), [(EMPTY, FULL), (FULL, EMPTY)])
def test_one_empty_mask_agrees_in_nothing(reference, predicted):
    assert dice(reference, predicted) == normalised_dice(reference, predicted) == 0.0
    assert hausdorff_95(reference, predicted, voxel_size=(1, 1, 1)) is None


def test_a_relative_error_needs_a_reference():
    error = volume_error(EMPTY, FULL, voxel_mm3=1)
    assert (error.millilitres, error.relative) == (pytest.approx(0.12), None)


def test_a_mask_that_fills_its_array_has_no_false_positives():
    assert normalised_dice(FULL, FULL) == 1.0
