import numpy as np
import pytest
from scipy import ndimage

from bidsapp.learning.uncertainty.lesions import (
    SampleMasks,
    log_sum_uncertainty,
    mean_uncertainty,
    structural_disagreement,
)

ROW = np.array([1, 1, 0, 2, 2, 2, 2, 0])


def test_mean_and_log_sum_of_a_hand_made_row():
    uncertainty = np.float32([0.1, 0.3, 9, 0.5, 0.5, 0.5, 0.5, 9])
    assert mean_uncertainty(ROW, uncertainty) == pytest.approx([0.2, 0.5])
    assert log_sum_uncertainty(ROW, uncertainty) == pytest.approx([np.log(0.03), 4 * np.log(0.5)], rel=1e-6)


def test_at_equal_doubt_the_log_sum_calls_the_larger_lesion_surer():
    small, large = log_sum_uncertainty(ROW, np.full(8, 0.4, dtype=np.float32))
    assert large < small


def test_no_doubt_at_all_has_a_finite_log_sum():
    assert log_sum_uncertainty(ROW, np.zeros(8, dtype=np.float32))[0] == pytest.approx(2 * np.log(1e-10))


def test_structural_disagreement_of_a_hand_made_row():
    samples = [
        np.array([1, 1, 0, 1, 1, 1, 1, 0], dtype=bool),  # the same outlines: overlaps 1 and 1
        np.array([0, 0, 0, 1, 1, 0, 1, 1], dtype=bool),  # lesion 1 missed; lesion 2: best part 2 of 4
    ]
    assert structural_disagreement(ROW, samples) == pytest.approx([0.5, 0.25])


def test_a_sample_that_joins_two_lesions_disagrees_on_both():
    found = structural_disagreement(ROW, [np.array([1, 1, 1, 1, 1, 1, 1, 0], dtype=bool)])
    assert found == pytest.approx([1 - 2 / 7, 1 - 4 / 7])


@pytest.mark.parametrize("connectivity", [1, 3])
def test_structural_disagreement_agrees_with_a_loop_over_lesions_and_components(connectivity):
    rng = np.random.default_rng(1)
    structure = ndimage.generate_binary_structure(3, connectivity)
    labels, count = ndimage.label(rng.random((8, 8, 8)) < 0.15, structure)
    masks = [rng.random((8, 8, 8)) < 0.15 for _ in range(3)]
    expected = []
    for lesion in range(1, count + 1):
        overlaps = []
        for mask in masks:
            parts, number = ndimage.label(mask, structure)
            pairs = [(labels == lesion, parts == part) for part in range(1, number + 1)]
            overlaps.append(max((a & b).sum() / (a | b).sum() for a, b in pairs))
        expected.append(1 - np.mean(overlaps))
    found = structural_disagreement(labels, masks, connectivity=connectivity)
    assert found == pytest.approx(expected)


def test_masks_come_back_as_they_were_kept():
    masks, rng = SampleMasks(), np.random.default_rng(0)
    kept = [rng.random((3, 5, 7)) < 0.5 for _ in range(3)]
    for mask in kept:
        masks.add(mask)
    for _ in range(2):
        assert all(np.array_equal(a, b) for a, b in zip(masks, kept, strict=True))


def test_nothing_to_compare_is_an_error_and_no_lesion_is_none():
    with pytest.raises(ValueError, match="No sample"):
        structural_disagreement(ROW, [])
    nothing = np.zeros(8, dtype=int)
    assert structural_disagreement(nothing, [ROW > 0]).shape == (0,)
    assert mean_uncertainty(nothing, np.ones(8, dtype=np.float32)).shape == (0,)
