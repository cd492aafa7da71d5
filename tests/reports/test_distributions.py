import numpy as np

from bidsapp.reports.distributions import WIDTH, draw_distribution


def test_every_subject_is_a_dot_in_order_of_its_value() -> None:
    drawn = draw_distribution({"a": 1.0, "b": 3.0, "c": 2.0}, set(), None, 300)
    assert drawn is not None
    assert [dot.name for dot in sorted(drawn.dots, key=lambda dot: dot.x)] == ["a", "c", "b"]
    assert "median 2.00" in drawn.alt


def test_equal_values_do_not_hide_each_other() -> None:
    drawn = draw_distribution({str(n): 5.0 for n in range(9)}, set(), None, 300)
    assert drawn is not None
    assert len({(dot.x, dot.y) for dot in drawn.dots}) == 9


def test_very_many_subjects_become_a_shape_and_the_odd_ones_stay_dots() -> None:
    values = {str(n): float(value) for n, value in enumerate(np.random.default_rng(0).normal(size=1000))}
    drawn = draw_distribution(values, {"7"}, (-1.6, 0.0, 1.6), 300)
    assert drawn is not None
    assert [dot.name for dot in drawn.dots] == ["7"]
    assert drawn.shape
    assert "standing out: 7" in drawn.alt


def test_one_far_value_does_not_squeeze_the_others() -> None:
    values = {str(n): float(n) for n in range(20)} | {"far": 1e6}
    drawn = draw_distribution(values, {"far"}, None, 300)
    assert drawn is not None
    assert drawn.clipped
    places = [dot.x for dot in drawn.dots if dot.name != "far"]
    assert max(places) - min(places) > WIDTH / 5
    assert draw_distribution({}, set(), None, 300) is None
