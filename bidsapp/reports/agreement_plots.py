"""Geometry of the plots of predicted against observed: a scatter, a calibration curve, a decision curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.learning.validation.estimator import Array
from bidsapp.reports.comparison_plots import EDGE, SIDE, points, write_estimate
from bidsapp.reports.numbers import decimals_of, write_number
from bidsapp.reports.outcome_curves import NetBenefit, RiskBin
from bidsapp.reports.pairs import Pair, Pairs

_INSIDE = SIDE - 2 * EDGE
_APART, _FARTHEST = 2.0, 4.0  # of dots of one observed score, in units of the box of 200


@dataclass(frozen=True)
class Mark:
    """A dot with its interval as an upright line (its ends are equal without one), its text and link."""

    x: float
    y: float
    low: float
    high: float
    text: str
    link: str = ""


@dataclass(frozen=True)
class ScatterPlot:
    """Observed to the right, predicted upwards, in a box of 200 by 200, both from ``low`` to ``high``.

    ``cloud`` is a path of bare dots, in place of the ``marks`` of very many visits.
    """

    low: str
    high: str
    marks: tuple[Mark, ...]
    cloud: str


@dataclass(frozen=True)
class CalibrationPlot:
    """Probability to the right, share with the outcome upwards, in a box of 200 by 200."""

    text: str
    curve: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class DecisionPlot:
    """Threshold to the right, net benefit upwards from ``low`` to ``high``, in a box of 200 by 200.

    ``nobody`` is the height of no benefit. Paths may leave the box below.
    """

    text: str
    low: str
    high: str
    model: str
    band: str
    everyone: str
    nobody: float


def draw_scatter(pairs: Pairs, links: Mapping[str, str], most: int) -> ScatterPlot:
    """Draw every visit; with more than ``most`` only their dots."""
    low, high = _scale(pairs)
    places = decimals_of([value for item in pairs.items for value in (item.predicted, item.observed)])
    across = _spread(_place(pairs.observed, low, high))
    ends = np.array([item.interval or (item.predicted,) * 2 for item in pairs.items], dtype=np.float64)
    down = SIDE - _place(np.column_stack([pairs.predicted, ends]), low, high)
    marks = [
        Mark(x, y, bottom, top, _text(item, places), links.get(item.visit, ""))
        for item, x, (y, bottom, top) in zip(pairs.items, across.tolist(), down.tolist(), strict=True)
    ]
    many = len(marks) > most
    return ScatterPlot(
        low=write_number(low, decimals_of([low, high])),
        high=write_number(high, decimals_of([low, high])),
        marks=() if many else tuple(marks),
        cloud="".join(f"M{mark.x:g} {mark.y:g}h0" for mark in marks) if many else "",
    )


def draw_calibration(bins: Sequence[RiskBin]) -> CalibrationPlot:
    """Draw the share with the outcome by probability, with exact intervals."""
    marks = []
    for item in bins:
        values = np.array([item.predicted, item.observed.value, item.observed.low, item.observed.high])
        x, *heights = _place(values, 0, 1).tolist()
        y, bottom, top = (round(SIDE - height, 1) for height in heights)
        share = f"{write_estimate(item.observed)} of {item.people}"
        marks.append(Mark(x, y, bottom, top, f"probability {write_number(item.predicted, 2)}: {share}"))
    return CalibrationPlot(
        text="; ".join(mark.text for mark in marks),
        curve="M" + "L".join(f"{mark.x:g} {mark.y:g}" for mark in marks),
        marks=tuple(marks),
    )


def draw_decision(found: NetBenefit) -> DecisionPlot:
    """Draw the model's net benefit with its band beside that of acting on everyone and on nobody."""
    curve = found.curve
    high = max(float(found.high.max()), float(curve.everyone.max()), 0.05)
    low = -high / 4

    def path(values: Array, x: Array = curve.thresholds) -> list[str]:
        return points(x, (values - low) / (high - low))

    best = int(np.argmax(curve.model - np.maximum(curve.everyone, 0)))
    gain = float(curve.model[best] - max(curve.everyone[best], 0))
    return DecisionPlot(
        text=f"largest gain over acting on everyone or nobody: {write_number(gain, 2)} at a threshold of "
        f"{write_number(float(curve.thresholds[best]), 2)}",
        low=write_number(low, 2),
        high=write_number(high, 2),
        model="M" + "L".join(path(curve.model)),
        band="M" + "L".join(path(found.high) + path(found.low[::-1], curve.thresholds[::-1])) + "z",
        everyone="M" + "L".join(path(curve.everyone)),
        nobody=round(SIDE - EDGE - _INSIDE * -low / (high - low), 1),
    )


def _scale(pairs: Pairs) -> tuple[float, float]:
    if pairs.limits:
        return pairs.limits
    ends = [
        value for item in pairs.items for value in (item.predicted, item.observed, *(item.interval or ()))
    ]
    low, high = min(ends), max(ends)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _place(values: Array, low: float, high: float) -> Array:
    """Place values along a side of the box; what lies beyond the scale is drawn at its end."""
    return np.round(EDGE + _INSIDE * (np.clip(values, low, high) - low) / (high - low), 1)


def _spread(across: Array) -> Array:
    """Set dots of one place side by side, a little to the right and left in turn."""
    taken: dict[float, int] = {}
    spread = across.copy()
    for index, place in enumerate(across.tolist()):
        number = taken.get(place, 0)
        taken[place] = number + 1
        offset = _APART * ((number + 1) // 2) * (1 if number % 2 else -1)
        spread[index] = round(place + float(np.clip(offset, -_FARTHEST, _FARTHEST)), 1)
    return spread


def _text(item: Pair, places: int) -> str:
    text = f"{item.visit}: observed {write_number(item.observed, places)}, predicted "
    text += write_number(item.predicted, places)
    if item.interval is None:
        return text
    return f"{text} ({write_number(item.interval[0], places)} to {write_number(item.interval[1], places)})"
