"""A value and its interval on the range of the measure."""

from __future__ import annotations

import pytest

from bidsapp.findings import Score
from bidsapp.reports.ranges import draw_range


def test_a_score_and_its_interval_lie_where_they_should() -> None:
    score = Score(
        name="crs_r",
        value=11.5,
        description="",
        interval=(-2.3, 23.0),
        limits=(0, 23),
        reference=(4.6, 9.2, 18.4),
    )
    drawn = draw_range(score)
    assert drawn is not None
    assert (drawn.place, drawn.start, drawn.end) == (50.0, 0.0, 100.0)
    assert drawn.reference == pytest.approx((20, 40, 80))
    assert "interval" in drawn.alt


def test_nothing_is_drawn_without_a_value_or_a_range() -> None:
    assert draw_range(Score(name="crs_r", value=None, description="", limits=(0, 23))) is None
    assert draw_range(Score(name="snr", value=1.0, description="")) is None
