import numpy as np
import pytest

from bidsapp.learning.lesion_agreement.agreement import measure_agreement
from bidsapp.learning.lesion_agreement.voxelwise import hausdorff_95


def test_voxel_size_scales_volumes_and_distances():
    reference, predicted = np.zeros((2, 10, 10, 10))
    reference[2:4, 2:4, 2:4] = predicted[2:4, 2:4, 3:5] = 1
    found = measure_agreement(reference, predicted, voxel_size=(1, 1, 3))
    assert found.dice == 0.5
    assert found.hd95_mm == pytest.approx(3.0)
    assert found.volume.millilitres == 0
    assert found.anima.reference_mm3.tolist() == [24.0]
    assert (found.anima.f1, found.shifts.f1, found.isbi.f1, found.pairs.f1) == (1, 1, 1, 1)


@pytest.mark.parametrize("seed", range(3))
def test_empty_space_around_changes_nothing_but_the_normalised_dice(blobs, seed):
    reference, predicted = blobs(seed)
    wide = [np.pad(mask, ((0, 9), (4, 0), (2, 3))) for mask in (reference, predicted)]
    near, far = (measure_agreement(*masks, voxel_size=(1, 1, 1)) for masks in ((reference, predicted), wide))
    assert (near.dice, near.volume) == (far.dice, far.volume)
    assert near.hd95_mm == far.hd95_mm
    assert near.hd95_mm == hausdorff_95(reference, predicted, voxel_size=(1, 1, 1))
    for name in ("anima", "shifts", "isbi", "pairs"):
        assert getattr(near, name).found.tolist() == getattr(far, name).found.tolist()
        assert getattr(near, name).f1 == getattr(far, name).f1
    assert near.ndsc < far.ndsc  # the load falls as the field of view grows


def test_two_empty_masks_agree_in_every_protocol():
    empty = np.zeros((4, 4, 4))
    found = measure_agreement(empty, empty, voxel_size=(1, 1, 1))
    assert (found.dice, found.ndsc, found.hd95_mm, found.volume.millilitres) == (1.0, 1.0, 0.0, 0.0)
    assert {found.anima.f1, found.shifts.f1, found.isbi.f1, found.pairs.f1} == {1.0}
