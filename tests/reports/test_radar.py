import re
from dataclasses import replace
from math import hypot

import pytest

from bidsapp.findings import Column, Table
from bidsapp.reports.radar import RADIUS, draw_radar

from .conftest import Fixture
from .pages import Page

NAMES = ("region", "hemisphere", "value", "q05", "q50", "q95")
ROWS = tuple(
    (part, side, value, 1.0, 2.0, 4.0)
    for part, left, right in (("A", 2.0, 4.0), ("B", 1.0, 5.0), ("C", 2.0, 400.0), ("D", 0.0, 2.0))
    for side, value in (("left", left), ("right", right))
)
TABLE = Table(
    title="Parts",
    suffix="dseg",
    columns=tuple(Column(name=name, description="") for name in NAMES),
    rows=ROWS,
    display="radar",
)


@pytest.fixture
def radar():
    found = draw_radar(TABLE)
    assert found is not None
    return found


def radii(radar, side):
    x, y = radar.centre
    return [hypot(mark.x - x, mark.y - y) for mark in radar.sides[side].marks]


def test_quantiles_lie_on_their_rings_and_what_is_far_out_on_the_rim(radar) -> None:
    low, middle, high = radar.rings
    assert radii(radar, 0)[:3] == pytest.approx([middle, low, middle], abs=0.1)
    assert radii(radar, 1)[0] == pytest.approx(high, abs=0.1)
    assert radii(radar, 1)[2] == pytest.approx(RADIUS, abs=0.1)
    assert 0 < low < middle < high < RADIUS


def test_the_first_part_points_up_and_the_others_follow_clockwise(radar) -> None:
    x, y = radar.centre
    assert [(spoke.x - x, spoke.y - y) for spoke in radar.spokes] == [
        (0, -RADIUS), (RADIUS, 0), (0, RADIUS), (-RADIUS, 0),
    ]  # fmt: skip
    assert [spoke.anchor for spoke in radar.spokes] == ["middle", "start", "middle", "end"]


def test_what_lies_outside_is_marked_and_told(radar) -> None:
    assert [[mark.outside for mark in side.marks] for side in radar.sides] == [
        [False, False, False, True],
        [False, True, True, False],
    ]
    for part in ("D (left) 0", "B (right) 5", "C (right) 400"):
        assert part in radar.alt


def test_gaps_and_missing_columns_leave_out_no_more_than_they_must() -> None:
    gap = draw_radar(replace(TABLE, rows=(("A", "left", None, 1.0, 2.0, 4.0), *ROWS[1:])))
    assert gap is not None
    assert [len(side.marks) for side in gap.sides] == [3, 4]
    assert draw_radar(replace(TABLE, rows=ROWS[:4])) is None
    assert draw_radar(replace(TABLE, columns=TABLE.columns[:3])) is None


def test_the_page_has_the_plot_its_legend_and_its_numbers(output: Fixture) -> None:
    from bidsapp.reports.subject import write_report

    output.add("01")
    source = write_report(output.path, "01").read_text()
    page = Page(source)
    label = next(
        item["aria-label"] for item in page.all("svg") if item.get("aria-label", "").startswith("Parts")
    )
    assert "Bottom (right) 9" in label
    assert len(re.findall(r'class="mark out"', source)) == 1
    assert "The numbers of this plot" in page.text
    assert "Bottom of all" not in page.text  # the name that only BIDS wants
