"""Geometry of the plots of a comparison: one effect, all effects at a glance, a ROC curve with its band."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bidsapp.learning.discrimination import Estimate, RocCurve
from bidsapp.learning.group_tests import Array
from bidsapp.reports.numbers import write_number

SIDE, EDGE = 200.0, 8.0
_INSIDE = SIDE - 2 * EDGE


@dataclass(frozen=True)
class Effect:
    """A dot with its interval on a scale from -1 (0) to 1 (100)."""

    low: float
    width: float
    dot: float
    alt: str


@dataclass(frozen=True)
class Tick:
    """One region in the overview of all, a box of 200 by 200; ``odd`` where it differs family-wise."""

    name: str
    text: str
    y: float
    low: float
    high: float
    dot: float
    radius: float
    odd: bool


@dataclass(frozen=True)
class RocPlot:
    """Paths in a box of 200 by 200, false positive rate to the right, sensitivity upwards."""

    title: str
    text: str
    curve: str
    band: str


def write_estimate(item: Estimate) -> str:
    """Write a number with its interval.

    >>> write_estimate(Estimate(0.25, -0.5, 1.0))
    '0.25 (−0.50 to 1.00)'
    """
    value, low, high = (write_number(number, 2) for number in (item.value, item.low, item.high))
    return f"{value} ({low} to {high})"


def draw_effect(item: Estimate) -> Effect:
    """Draw an effect between -1 and 1."""
    low, dot, high = (round(50 + 50 * number, 1) for number in (item.low, item.value, item.high))
    sides = {-1: "lower in patients", 0: "no difference", 1: "higher in patients"}
    alt = f"effect {write_estimate(item)}, {sides[int(np.sign(item.value))]}"
    return Effect(low, round(max(high - low, 0.4), 1), dot, alt)


def draw_overview(effects: Iterable[tuple[str, Estimate, bool]]) -> tuple[Tick, ...]:
    """Draw all regions (name, effect, whether it differs) below each other, the largest effect on top."""
    ordered = sorted(effects, key=lambda each: -each[1].value)
    step = _INSIDE / max(len(ordered), 1)
    ticks = []
    for row, (name, item, odd) in enumerate(ordered):
        low, dot, high = (
            round(SIDE / 2 + _INSIDE / 2 * number, 1) for number in (item.low, item.value, item.high)
        )
        y = round(EDGE + (row + 0.5) * step, 1)
        radius = round(min(3.0, max(1.0, step / 2)), 1)
        ticks.append(Tick(name, write_estimate(item), y, low, high, dot, radius, odd))
    return tuple(ticks)


def draw_roc(title: str, auc: Estimate, curve: RocCurve) -> RocPlot:
    """Draw a ROC curve; its band goes there along the upper end and back along the lower."""
    there = points(curve.grid, curve.high)
    back = points(curve.grid[::-1], curve.low[::-1])
    return RocPlot(
        title=title,
        text=f"AUC {write_estimate(auc)}",
        curve="M" + "L".join(points(curve.false_positive, curve.sensitivity)),
        band="M" + "L".join(there + back) + "z",
    )


def points(x: Array, y: Array) -> list[str]:
    """Place values between 0 and 1 in the box of 200 by 200, as coordinates of a path."""
    across, down = np.round(EDGE + _INSIDE * x, 1), np.round(SIDE - EDGE - _INSIDE * y, 1)
    return [f"{a:g} {b:g}" for a, b in zip(across, down, strict=True)]
