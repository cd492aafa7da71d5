import numpy as np
import pytest

from bidsapp.learning.uncertainty.lesions import (
    log_sum_uncertainty,
    mean_uncertainty,
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


def test_without_a_lesion_there_is_no_uncertainty():
    assert mean_uncertainty(np.zeros(8, dtype=int), np.ones(8, dtype=np.float32)).shape == (0,)
