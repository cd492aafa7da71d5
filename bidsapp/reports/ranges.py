"""Draws a value and its interval on the whole range of its measure, so that a wide interval looks wide."""

from __future__ import annotations

from dataclasses import dataclass

from bidsapp.findings import Score
from bidsapp.reports.numbers import write_number


@dataclass(frozen=True)
class Range:
    """Places between 0 and 100: of the value, of its interval, and of the reference's 5 to 95 %.

    Without an interval, ``start`` and ``end`` are the place; without a reference ``reference`` is ``None``.
    """

    place: float
    start: float
    end: float
    reference: tuple[float, float, float] | None
    low: str
    high: str
    alt: str


def draw_range(score: Score) -> Range | None:
    """Place a score on its range; nothing for one without a value or limits.

    >>> draw_range(Score(name="crs_r", value=11.5, description="", limits=(0, 23))).place
    50.0
    """
    if score.value is None or score.limits is None:
        return None
    low, high = score.limits

    def place(value: float) -> float:
        return round(min(max((value - low) / (high - low), 0.0), 1.0) * 100, 1)

    start, end = (place(end) for end in score.interval or (score.value, score.value))
    first, middle, last = (place(value) for value in score.reference or (low, low, low))
    said = f"{write_number(score.value)} on a range of {write_number(low)} to {write_number(high)}"
    if score.interval:
        said += ", interval " + " to ".join(write_number(value) for value in score.interval)
    return Range(
        place=place(score.value),
        start=start,
        end=end,
        reference=(first, middle, last) if score.reference else None,
        low=write_number(low),
        high=write_number(high),
        alt=said,
    )
