import numpy as np
import pytest

from bidsapp.learning.lesion_agreement.agreement import measure_agreement


def test_voxel_size_scales_volumes_and_distances():
    reference, predicted = np.zeros((2, 10, 10, 10))
    reference[2:4, 2:4, 2:4] = predicted[2:4, 2:4, 3:5] = 1
    found = measure_agreement(reference, predicted, voxel_size=(1, 1, 3))
    assert found.dice == 0.5
    assert found.hd95_mm == pytest.approx(3.0)
    assert found.volume.millilitres == 0
    assert found.anima.reference_mm3.tolist() == [24.0]
    assert (found.anima.f1, found.shifts.f1, found.isbi.f1, found.pairs.f1) == (1, 1, 1, 1)
