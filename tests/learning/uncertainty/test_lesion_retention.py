import numpy as np
import pytest

from bidsapp.learning.uncertainty.lesion_retention import (
    FoundLesions,
    lesion_retention,
    reference_orders,
)


def found(true, missed=1, volume=None):
    true = np.array(true, dtype=bool)
    return FoundLesions(true, np.ones(true.size) if volume is None else np.array(volume), missed)


def test_curve_of_four_lesions_counted_by_hand():
    # 2 true, 2 false, 1 missed: F1 = 4/7 with all, 4/6 without the less sure false one, 4/5 without both
    lesions = found([1, 0, 1, 0])
    curve = lesion_retention(lesions, np.array([0.1, 0.9, 0.5, 0.3]), np.linspace(0, 1, 5))
    assert curve.scores == pytest.approx([4 / 5, 4 / 5, 4 / 6, 4 / 6, 4 / 7])


def test_curve_agrees_with_taking_out_one_lesion_after_the_other():
    rng = np.random.default_rng(0)
    lesions, uncertainty = found(rng.random(12) < 0.6, missed=3), rng.random(12)
    expected = []
    for kept in range(13):
        surest = np.argsort(uncertainty)[:kept]
        false = sum(not lesions.true[lesion] for lesion in surest)
        hits = lesions.true.sum()
        expected.append(hits / (hits + 0.5 * (false + 3)))
    fractions = np.linspace(0, 1, 101)
    curve = lesion_retention(lesions, uncertainty, fractions)
    assert curve.scores == pytest.approx(np.interp(fractions, np.arange(13) / 12, expected))


def test_ideal_order_is_best_and_volume_helps_where_false_lesions_are_small():
    lesions = found([1, 1, 0, 1, 0], volume=[40.0, 30.0, 2.0, 25.0, 3.0])
    orders = reference_orders(lesions)
    assert orders["ideal"].area == pytest.approx(orders["volume"].area)
    assert orders["ideal"].area > orders["random"].area
    against = reference_orders(found([1, 1, 0, 1, 0], volume=[4.0, 3.0, 20.0, 2.0, 30.0]))
    assert against["volume"].area < against["random"].area


def test_scans_with_nothing_found_have_the_same_score_throughout():
    assert lesion_retention(found([], missed=0), np.empty(0)).area == pytest.approx(1)
    assert lesion_retention(found([], missed=2), np.empty(0)).area == pytest.approx(0)


def test_an_uncertainty_is_needed_for_each_lesion():
    with pytest.raises(ValueError, match="2 uncertainties for 3 lesions"):
        lesion_retention(found([1, 0, 1]), np.array([0.1, 0.2]))
