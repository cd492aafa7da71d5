"""Geometry of retention curves: a measure of uncertainty beside random, trivial and ideal order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bidsapp.learning.uncertainty.retention import Retention
from bidsapp.reports.comparison_plots import points
from bidsapp.reports.numbers import write_number

REFERENCES = ("random", "volume", "ideal")
MOST = 5  # measures that style.css tells apart


@dataclass(frozen=True)
class RetentionLine:
    """One curve; ``kind`` is its style: a reference of `REFERENCES`, or ``measure-1`` and so on."""

    name: str
    kind: str
    path: str
    area: str


@dataclass(frozen=True)
class RetentionPlot:
    """Curves in a box of 200 by 200, fraction retained to the right, score upwards from ``floor`` to 1."""

    title: str
    score: str
    floor: str
    text: str
    lines: tuple[RetentionLine, ...]


def draw_retention(title: str, score: str, curves: Mapping[str, Retention]) -> RetentionPlot:
    """Draw curves of one score by name; those named as in `REFERENCES` are drawn as such.

    The box begins at the tenth below the lowest score of all curves.

    Raises
    ------
    ValueError
        There is no curve, or there are more than five beside the references.
    """
    measures = [name for name in curves if name not in REFERENCES]
    if not curves or len(measures) > MOST:
        raise ValueError(f"{title}: {len(measures)} measures cannot be drawn, one to {MOST} can")
    lowest = min(float(curve.scores.min()) for curve in curves.values())
    floor = min(math.floor(10 * lowest) / 10, 0.9)
    lines = tuple(
        RetentionLine(
            name=name,
            kind=name if name in REFERENCES else f"measure-{measures.index(name) + 1}",
            path="M" + "L".join(points(curve.fractions, (curve.scores - floor) / (1 - floor))),
            area=write_number(curve.area, 3),
        )
        for name, curve in curves.items()
    )
    text = ", ".join(f"{line.name} {line.area}" for line in lines)
    return RetentionPlot(title, score, write_number(floor, 1), f"area under the curve: {text}", lines)
