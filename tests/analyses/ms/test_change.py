import numpy as np
import pytest

from bidsapp.analyses.ms.change import ChangeRule, compare
from bidsapp.analyses.ms.instances import find_instances

ONE = np.ones(3)
SHAPE = (40, 24, 24)


def box(*edges: tuple[int, int, int, int]) -> np.ndarray:
    """A mask of boxes of (x, edge in x, start and edge in y and z)."""
    mask = np.zeros(SHAPE, dtype=bool)
    for x, length, start, edge in edges:
        mask[x : x + length, start : start + edge, start : start + edge] = True
    return mask


def judge(now: np.ndarray, before: np.ndarray, **more: object):
    return compare(find_instances(now, 1.0), before, ONE, **more)


@pytest.mark.parametrize(
    ("now", "before", "kind"),
    [
        (box((5, 4, 5, 4)), box((25, 4, 5, 4)), "new"),
        (box((5, 6, 5, 4)), box((5, 4, 5, 4)), "enlarged"),  # 64 to 96 mm3: just half more
        (box((5, 5, 5, 4)), box((5, 4, 5, 4)), "stable"),  # a quarter more
        (box((5, 3, 5, 2)), box((5, 2, 5, 2)), "stable"),  # half more, but only 4 mm3
        (box((5, 4, 5, 4)), box((5, 6, 5, 4)), "shrunk"),
        (box((5, 4, 5, 4)), box((6, 4, 6, 4)), "stable"),  # the same, moved by a voxel along each axis
        (box((5, 14, 5, 8)), box((5, 10, 5, 8)), "enlarged"),  # 40 % more, but 128 mm3 of it beyond 2 mm
        (box((5, 12, 5, 8)), box((5, 10, 5, 8)), "stable"),  # 20 % more, none of it beyond 2 mm
    ],
)
def test_each_kind_of_change(now, before, kind):
    assert [each.kind for each in judge(now, before).changes] == [kind]


def test_merged_lesions_are_compared_with_all_that_they_were():
    before = box((5, 4, 5, 4), (10, 4, 5, 4))
    (change,) = judge(box((5, 9, 5, 4)), before).changes
    assert (change.kind, change.before_mm3, change.new_mm3) == ("stable", 128.0, 0.0)


def test_a_split_lesion_has_not_shrunk():
    found = judge(box((5, 4, 5, 4), (10, 4, 5, 4)), box((5, 9, 5, 4)))
    assert [each.kind for each in found.changes] == ["stable", "stable"]


def test_resolved_new_and_total_volumes():
    found = judge(box((5, 4, 5, 4)), box((25, 3, 5, 3)))
    assert (found.resolved_mm3, found.new_mm3) == ((27.0,), 64.0)
    assert (found.before_mm3, found.now_mm3, found.count("new")) == (27.0, 64.0, 1)


def test_a_lesion_that_the_earlier_scan_half_showed_is_unclear():
    now, before = box((5, 4, 5, 4)), np.zeros(SHAPE, dtype=bool)
    assert judge(now, before, before_probability=np.where(now, 0.3, 0.0)).count("unclear") == 1
    assert judge(now, before, before_probability=np.where(now, 0.2, 0.0)).count("new") == 1
    speck = box((9, 1, 5, 1))
    assert judge(now, speck).count("unclear") == 1


@pytest.mark.parametrize(("rise", "kind"), [(1.0, "new"), (0.5, "new"), (0.49, "unclear"), (-1.0, "unclear")])
def test_a_lesion_that_was_half_as_bright_before_is_not_new(rise, kind):
    seen = judge(box((5, 4, 5, 4)), box(), rise=np.array([rise]))
    assert [each.kind for each in seen.changes] == [kind]


def test_two_new_lesions_and_no_earlier_one():
    found = judge(box((5, 4, 5, 4), (20, 3, 5, 3)), np.zeros(SHAPE, dtype=bool))
    assert (found.count("new"), found.new_mm3, found.resolved_mm3) == (2, 91.0, ())


def test_no_lesion_now_leaves_all_earlier_ones_resolved():
    found = judge(np.zeros(SHAPE, dtype=bool), box((5, 4, 5, 4), (20, 3, 5, 3)))
    assert (found.changes, found.resolved_mm3) == ((), (64.0, 27.0))


def test_margins_are_in_millimetres():
    now, before = find_instances(box((12, 4, 5, 4)), 8.0), box((5, 4, 5, 4))
    assert compare(now, before, 2 * ONE).count("new") == 1
    assert compare(now, before, 2 * ONE, rule=ChangeRule(apart_mm=8.0)).count("new") == 0


def test_an_earlier_lesion_that_still_shows_in_part_is_not_resolved():
    before = box((5, 4, 5, 4))
    faint = np.where(before, 0.3, 0.0)
    assert judge(box(), before, now_probability=faint).resolved_mm3 == ()
    assert judge(box(), before, now_probability=faint / 2).resolved_mm3 == (64.0,)
