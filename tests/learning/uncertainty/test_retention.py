import numpy as np
import pytest
from sklearn.metrics import auc

from bidsapp.learning.lesion_agreement.voxelwise import normalised_dice_of
from bidsapp.learning.uncertainty.retention import (
    SHIFTS_FRACTIONS,
    Retention,
    voxel_retention,
)


def scan(seed=0, size=3000):
    rng = np.random.default_rng(seed)
    truth = rng.random(size) < 0.03
    prediction = truth ^ (rng.random(size) < 0.02)
    return truth, prediction, rng.random(size)


def literal_ndsc(truth, prediction):
    """Normalised Dice, word for word (Raina et al. 2023)."""
    if truth.sum() + prediction.sum() == 0:
        return 1.0
    h = 0.999 * truth.sum() / (0.001 * (~truth).sum()) if truth.any() else 1.0
    true, false = (truth & prediction).sum(), (~truth & prediction).sum()
    return 2 * true / (2 * true + h * false + (truth & ~prediction).sum())


def literal_curve(truth, prediction, uncertainty, fractions):
    order, scores = np.argsort(uncertainty), []
    for fraction in fractions:
        corrected = prediction.copy()
        replaced = order[int(truth.size * fraction) :]
        corrected[replaced] = truth[replaced]
        scores.append(literal_ndsc(truth, corrected))
    return np.array(scores)


@pytest.mark.parametrize("seed", range(3))
def test_curve_and_area_agree_with_replacing_voxels_one_fraction_after_the_other(seed):
    truth, prediction, uncertainty = scan(seed)
    expected = literal_curve(truth, prediction, uncertainty, SHIFTS_FRACTIONS)
    found = voxel_retention(truth, prediction, uncertainty)
    assert found.scores == pytest.approx(expected, abs=1e-12)
    assert found.area == pytest.approx(auc(SHIFTS_FRACTIONS, expected))


def test_curve_of_four_voxels_counted_by_hand():
    # load 1/4: h = 0.999 / 0.003 = 333; keeping all: 1 hit, 1 false, 0 missed
    truth, prediction = np.array([1, 0, 0, 0], dtype=bool), np.array([1, 1, 0, 0], dtype=bool)
    fractions = np.linspace(0, 1, 5)
    sure_of_the_error = voxel_retention(truth, prediction, np.array([1.0, 0.0, 2.0, 3.0]), fractions)
    assert sure_of_the_error.scores == pytest.approx([1, 2 / 335, 2 / 335, 2 / 335, 2 / 335])
    unsure_of_the_error = voxel_retention(truth, prediction, np.array([1.0, 9.0, 2.0, 3.0]), fractions)
    assert unsure_of_the_error.scores == pytest.approx([1, 1, 1, 1, 2 / 335])
    assert unsure_of_the_error.area == pytest.approx(1 - 0.125 * (1 - 2 / 335))


def test_ideal_order_beats_any_other_and_reversed_is_the_worst():
    truth, prediction, uncertainty = scan()
    error = (truth ^ prediction).astype(float)
    area = [voxel_retention(truth, prediction, each).area for each in (error, uncertainty, -error)]
    assert area[0] > area[1] > area[2]


def test_a_constant_uncertainty_gives_the_mean_of_random_orders():
    truth, prediction, _ = scan()
    rng = np.random.default_rng(5)
    drawn = [voxel_retention(truth, prediction, rng.permutation(truth.size)).area for _ in range(60)]
    constant = voxel_retention(truth, prediction, np.zeros(truth.size)).area
    assert constant == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / np.sqrt(60))


def test_order_of_equal_voxels_in_memory_does_not_matter():
    truth, prediction, uncertainty = scan()
    rounded, order = uncertainty.round(1), np.random.default_rng(0).permutation(truth.size)
    first = voxel_retention(truth, prediction, rounded)
    again = voxel_retention(truth[order], prediction[order], rounded[order])
    assert np.array_equal(first.scores, again.scores)


def test_a_healthy_scan_scores_one_until_a_false_voxel_is_kept():
    truth, prediction = np.zeros(10, dtype=bool), np.arange(10) == 3
    curve = voxel_retention(truth, prediction, prediction * 1.0, np.array([0.0, 0.5, 0.9, 1.0]))
    assert curve.scores.tolist() == [1, 1, 1, 0]
    assert normalised_dice_of(0, 10, np.zeros(1), np.zeros(1)) == [1]


def test_at_the_reference_load_normalised_dice_is_dice():
    assert normalised_dice_of(10, 10_000, np.array([5.0]), np.array([2.0])) == pytest.approx([16 / (16 + 7)])


def test_area_of_a_straight_line_is_a_half():
    assert Retention(np.array([0.0, 1.0]), np.array([1.0, 0.0])).area == 0.5


def test_shapes_that_differ_are_an_error():
    truth, prediction, uncertainty = scan()
    with pytest.raises(ValueError, match="must be one"):
        voxel_retention(truth, prediction[1:], uncertainty)
