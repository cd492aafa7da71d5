"""Parts of the brain around a circle, left and right, against the controls: a pattern shows at one glance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bidsapp.findings import Table
from bidsapp.reports.bands import distance
from bidsapp.reports.numbers import decimals_of, join, write_number

WIDTH, HEIGHT, RADIUS = 640.0, 350.0, 138.0
SIDES = ("left", "right")
_NEAREST, _FARTHEST = -2.0, 4.0  # on the scale of bands.distance: 1 is the controls' 95 % quantile
_NEEDED = ("region", "hemisphere", "value", "q05", "q50", "q95")

Quantiles = tuple[float, float, float]


@dataclass(frozen=True)
class Spoke:
    """One part of the brain: its axis from the centre to (x, y), and where its name stands."""

    name: str
    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True)
class Mark:
    """A value: its place, whether it lies outside of the controls' band, and what it says."""

    x: float
    y: float
    outside: bool
    text: str


@dataclass(frozen=True)
class Side:
    """One hemisphere as a line around the circle."""

    name: str
    path: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Radar:
    """Geometry of the plot in a box of 640 by 350; ``rings`` are the radii of 5, 50 and 95 %."""

    alt: str
    centre: tuple[float, float]
    radius: float
    rings: tuple[float, float, float]
    spokes: tuple[Spoke, ...]
    sides: tuple[Side, ...]


def draw_radar(table: Table) -> Radar | None:
    """Draw a table of parts; nothing without its columns, or with fewer than three parts.

    All parts share one scale: the centre lies beyond the controls' 5 % quantile, the rings are at 5, 50 and
    95 %, and what is more than four times as far from the median as the 95 % quantile lies on the rim.
    """
    rows = _read(table)
    parts = list(dict.fromkeys(part for part, _ in rows))
    if len(parts) < 3:
        return None
    places = decimals_of([value for value, _ in rows.values()])
    sides = tuple(_side(side, parts, rows, places) for side in SIDES)
    odd = [mark.text for side in sides for mark in side.marks if mark.outside]
    low, middle, high = (_radius(level) for level in (-1.0, 0.0, 1.0))
    return Radar(
        alt=f"{len(parts)} parts of the brain, left and right; outside of the controls' 5 to 95 % band: "
        + (join(odd) or "none"),
        centre=(WIDTH / 2, HEIGHT / 2),
        radius=RADIUS,
        rings=(low, middle, high),
        spokes=tuple(_spoke(part, index, len(parts)) for index, part in enumerate(parts)),
        sides=tuple(side for side in sides if side.marks),
    )


def _read(table: Table) -> dict[tuple[str, str], tuple[float, Quantiles]]:
    """Give value and quantiles by part and side; rows with gaps are left out."""
    names = [column.name for column in table.columns]
    if not set(_NEEDED) <= set(names):
        return {}
    found: dict[tuple[str, str], tuple[float, Quantiles]] = {}
    for row in table.rows:
        part, side, *cells = (row[names.index(name)] for name in _NEEDED)
        numbers = [float(cell) for cell in cells if isinstance(cell, int | float)]
        if len(numbers) == 4 and side in SIDES:
            value, low, middle, high = numbers
            found[str(part), str(side)] = value, (low, middle, high)
    return found


def _side(
    side: str,
    parts: Sequence[str],
    rows: Mapping[tuple[str, str], tuple[float, Quantiles]],
    places: int,
) -> Side:
    marks = []
    for index, part in enumerate(parts):
        if (part, side) not in rows:
            continue
        value, quantiles = rows[part, side]
        x, y = _point(index, len(parts), _radius(distance(value, quantiles)))
        low, high = (write_number(end, places) for end in (quantiles[0], quantiles[2]))
        outside = not quantiles[0] <= value <= quantiles[2]
        text = f"{part} ({side}) {write_number(value, places)}, controls {low} to {high}"
        marks.append(Mark(x, y, outside, text))
    path = "M" + "L".join(f"{mark.x} {mark.y}" for mark in marks) + "z" if marks else ""
    return Side(side, path, tuple(marks))


def _spoke(part: str, index: int, count: int) -> Spoke:
    x, y = _point(index, count, RADIUS)
    label_x, label_y = _point(index, count, RADIUS + 12)
    offset = label_x - WIDTH / 2
    anchor = "middle" if abs(offset) < 12 else "start" if offset > 0 else "end"
    return Spoke(part, x, y, label_x, round(label_y + 4, 1), anchor)


def _point(index: int, count: int, radius: float) -> tuple[float, float]:
    """Give a place on a spoke; the first one points up, the others follow clockwise."""
    angle = 2 * math.pi * index / count
    return (
        round(WIDTH / 2 + radius * math.sin(angle), 1),
        round(HEIGHT / 2 - radius * math.cos(angle), 1),
    )


def _radius(level: float) -> float:
    share = (min(max(level, _NEAREST), _FARTHEST) - _NEAREST) / (_FARTHEST - _NEAREST)
    return round(RADIUS * share, 1)
