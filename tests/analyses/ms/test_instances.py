import numpy as np

from bidsapp.analyses.ms.instances import find_instances, numbers_of, sizes_of


def test_lesions_are_numbered_by_volume_and_specks_left_out():
    mask = np.zeros((12, 12, 12), dtype=bool)
    mask[1, 1, 1:4] = True  # 3 mm3
    mask[5:7, 5:7, 5:7] = True
    mask[7, 7, 7] = True  # touches the corner of the cube: 9 mm3 together
    mask[10, 10, 0:2] = True  # 2 mm3
    labels = find_instances(mask, 1.0)
    assert sizes_of(labels).tolist() == [9, 3]
    assert (labels[7, 7, 7], labels[1, 1, 2], labels[10, 10, 0]) == (1, 2, 0)


def test_the_least_volume_is_in_mm3_not_voxels():
    mask = np.zeros((5, 5, 5), dtype=bool)
    mask[2, 2, 2] = True
    assert find_instances(mask, 8.0).max() == 1
    assert find_instances(mask, 1.0).max() == 0


def test_an_empty_mask_holds_no_lesion():
    labels = find_instances(np.zeros((4, 4, 4), dtype=bool), 1.0)
    assert sizes_of(labels).size == numbers_of(labels).size == 0
