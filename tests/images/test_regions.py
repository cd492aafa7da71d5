import numpy as np
import pytest

from bidsapp.images.regions import dice


def test_dice_of_a_mask_with_itself_is_one_and_with_its_complement_zero():
    mask = np.random.default_rng(0).random((5, 5, 5)) > 0.5
    assert dice(mask, mask) == 1
    assert dice(mask, ~mask) == 0
    assert dice(mask & False, mask & False) == 1
    assert dice(np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])) == pytest.approx(2 / 3)
