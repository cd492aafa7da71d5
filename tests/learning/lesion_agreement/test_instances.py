import numpy as np
import pytest

from bidsapp.learning.lesion_agreement.instances import label_lesions, overlap_lesions


def test_connectivity_decides_what_is_one_lesion():
    mask = np.zeros((4, 4, 4))
    mask[0, 0, 0] = mask[1, 1, 0] = mask[2, 2, 1] = 1  # an edge, then a corner
    counts = [label_lesions(mask, connectivity=n, voxel_mm3=1).max() for n in (6, 18, 26)]
    assert counts == [3, 2, 1]


def test_lesions_of_the_limit_or_less_are_left_out():
    mask = np.zeros((10, 3, 3))
    mask[0:3, 0, 0] = mask[5:9, 0, 0] = 1
    labels = label_lesions(mask, connectivity=6, voxel_mm3=1, larger_than_mm3=3)
    assert (labels > 0).sum() == 4
    assert labels[5, 0, 0] == 1
    kept = label_lesions(mask, connectivity=6, voxel_mm3=1.1, larger_than_mm3=3)
    assert kept.max() == 2


def test_shared_voxels_are_counted_for_each_pair():
    reference, predicted = np.zeros((2, 12, 1, 1))
    reference[0:5] = reference[8:10] = 1
    predicted[3:9] = predicted[11] = 1
    overlaps = overlap_lesions(reference, predicted, connectivity=6, voxel_mm3=2.0)
    assert overlaps.shared.tolist() == [[2, 0], [1, 0]]
    assert (overlaps.reference.tolist(), overlaps.predicted.tolist()) == ([5, 2], [6, 1])
    assert overlaps.iou == pytest.approx(np.array([[2 / 9, 0], [1 / 7, 0]]))
    assert overlaps.transposed.shared.tolist() == [[2, 1], [0, 0]]


def test_an_empty_mask_has_no_lesions():
    empty, full = np.zeros((3, 3, 3)), np.ones((3, 3, 3))
    assert overlap_lesions(empty, full, connectivity=6, voxel_mm3=1).shared.shape == (0, 1)


def test_masks_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="shapes"):
        overlap_lesions(np.zeros((3, 3, 3)), np.zeros((3, 3, 4)), connectivity=6, voxel_mm3=1)
