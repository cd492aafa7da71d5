"""The simulated cluster gives the answers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.queueing import Cluster, simulate


def test_equal_tasks_run_in_rounds() -> None:
    outcome = simulate([10.0] * 7, [0.0] * 7, Cluster(slots=3))
    assert outcome.makespan == pytest.approx(30)
    assert outcome.occupied == pytest.approx(70)


def test_two_cores_under_four_nodes_are_no_faster_than_two() -> None:
    two = simulate([10.0] * 20, [0.0] * 20, Cluster(slots=2, cores=2))
    four = simulate([10.0] * 20, [0.0] * 20, Cluster(slots=4, cores=2))
    assert two.makespan == pytest.approx(100)
    assert four.makespan == pytest.approx(100)
    assert four.occupied == pytest.approx(2 * two.occupied)


def test_tasks_share_evenly_and_the_short_one_leaves_first() -> None:
    # One core: the short one has had its second when both have had one, after 2 s; the other ends at 4 s.
    outcome = simulate([1.0, 3.0], [0.0, 0.0], Cluster(slots=2, cores=1))
    assert outcome.makespan == pytest.approx(4)
    assert outcome.occupied == pytest.approx(2 + 4)


def test_other_programs_take_their_share() -> None:
    assert simulate([10.0] * 2, [0.0] * 2, Cluster(slots=1, cores=2, others=3)).makespan == pytest.approx(40)
    assert simulate([10.0] * 2, [0.0] * 2, Cluster(slots=2, cores=2, others=3)).makespan == pytest.approx(25)


def test_files_come_at_the_share_of_the_file_system_and_not_above_the_link() -> None:
    four = Cluster(slots=4, bandwidth=100.0, link=50.0)
    assert simulate([1.0] * 4, [100.0] * 4, four).makespan == pytest.approx(4 + 1)
    assert simulate([1.0], [100.0], four).makespan == pytest.approx(2 + 1)


def test_the_scheduler_and_empty_slots_cost_time() -> None:
    assert simulate([1.0] * 5, [0.0] * 5, Cluster(slots=5, dispatch=2.0)).makespan == pytest.approx(4 * 2 + 1)
    assert simulate([1.0] * 5, [0.0] * 5, Cluster(slots=1, turnover=2.0)).makespan == pytest.approx(5 + 4 * 2)


def test_no_schedule_is_below_the_bounds_nor_above_that_of_list_scheduling() -> None:
    """Graham (1969): any list schedule on m machines is within (2 - 1/m) of the optimum."""
    seconds = np.random.default_rng(0).lognormal(4, 0.5, 500)
    for slots in (1, 7, 64):
        bound = max(seconds.sum() / slots, seconds.max())
        found = simulate(seconds.tolist(), [0.0] * 500, Cluster(slots=slots)).makespan
        assert bound - 1e-6 <= found <= seconds.sum() / slots + (1 - 1 / slots) * seconds.max() + 1e-6
