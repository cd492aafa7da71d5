import numpy as np
import pytest

from bidsapp.learning.curriculum import (
    Curriculum,
    easiest_first,
    self_paced,
    share_at,
)


def test_the_share_grows_to_everyone_and_stays():
    shares = [share_at(epoch, 11, first=0.2, full_at=0.5) for epoch in range(11)]
    assert shares[0] == pytest.approx(0.2)
    assert shares[2] == pytest.approx(0.52)
    assert shares[5:] == [1.0] * 6
    assert share_at(0, 1) == 1.0


def test_the_surest_labels_come_first():
    error = np.array([2.0, 0.5, 1.0, 0.5])
    assert easiest_first(error, 0.5).tolist() == [0, 1, 0, 1]
    assert easiest_first(error, 0.75).tolist() == [0, 1, 1, 1]
    assert easiest_first(error, 1.0).tolist() == [1, 1, 1, 1]


def test_equal_difficulty_leaves_no_one_out():
    assert easiest_first(np.ones(5), 0.2).tolist() == [1] * 5


def test_self_paced_weights_fall_with_the_error_up_to_a_growing_threshold():
    error = np.arange(5.0)
    assert self_paced(error, 0.5).tolist() == [1, 0.5, 0, 0, 0]
    assert self_paced(error, 0.75).tolist() == pytest.approx([1, 2 / 3, 1 / 3, 0, 0])
    assert self_paced(error, 1.0).tolist() == [1] * 5
    assert self_paced(np.array([0.0, 0.0, 3.0]), 0.5).tolist() == [1, 1, 0]


def test_self_paced_counts_somebody_where_most_have_the_smallest_error():
    # an untrained head says one score to all, and most patients have the commonest score
    assert self_paced(np.array([1.0, 1.0, 1.0, 2.0, 3.0]), 0.5).tolist() == [1, 1, 1, 0, 0]


def test_a_curriculum_ends_with_everyone():
    difficulty, error = np.array([1.0, 2.0, 3.0, 4.0]), np.array([4.0, 3.0, 2.0, 1.0])
    for kind in ("none", "easiest", "self-paced"):
        last = Curriculum(kind=kind).weights(4, 5, difficulty=difficulty, error=error)
        assert last.tolist() == [1] * 4
    first = Curriculum(kind="easiest").weights(0, 5, difficulty=difficulty, error=error)
    assert first.tolist() == [1, 1, 0, 0]
    own = Curriculum(kind="self-paced").weights(0, 5, difficulty=difficulty, error=error)
    assert own.tolist() == pytest.approx([0, 0, 0.2, 0.6])
    assert Curriculum().weights(0, 5, difficulty=difficulty, error=error).tolist() == [1] * 4
