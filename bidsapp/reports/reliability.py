"""Geometry of a reliability curve: how often a probability is right, and how many voxels have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.learning.calibration.reliability import Reliability
from bidsapp.reports.comparison_plots import EDGE, SIDE, points, write_estimate
from bidsapp.reports.numbers import write_number

_INSIDE = SIDE - 2 * EDGE
_TALLEST = 0.2  # of the box


@dataclass(frozen=True)
class Bin:
    """One bin of probability: its dot, the bar of its voxels (on a logarithmic scale), and what it says."""

    x: float
    y: float
    left: float
    width: float
    height: float
    text: str


@dataclass(frozen=True)
class ReliabilityPlot:
    """Paths in a box of 200 by 200, probability to the right, share of lesion voxels upwards.

    ``before`` is the curve before calibration, or empty.
    """

    title: str
    text: str
    curve: str
    band: str
    before: str
    bins: tuple[Bin, ...]


def read_reliability(bundle: Bundle) -> ReliabilityPlot | None:
    """Draw the curve that a bundle carries of patients left out; ``None`` where nobody was.

    Raises
    ------
    BadDataError
        The numbers are damaged.
    """
    numbers = bundle.metadata.get("reliability")
    if not isinstance(numbers, dict):
        return None
    try:
        return draw_reliability(bundle.path.name, Reliability.from_plain(numbers))
    except ValueError as error:
        raise BadDataError(
            f"Bundle {bundle.path}: its reliability curve is damaged; train or copy it again."
        ) from error


def draw_reliability(title: str, found: Reliability, before: Reliability | None = None) -> ReliabilityPlot:
    """Draw a reliability curve; bins without voxels are left out of it."""
    filled = found.voxels > 0
    there = points(found.confidence[filled], found.high[filled])
    back = points(found.confidence[filled][::-1], found.low[filled][::-1])
    text = f"ECE {write_estimate(found.ece)}, Brier {write_estimate(found.brier)}"
    if before is not None:
        text += f"; before calibration ECE {write_estimate(before.ece)}"
    return ReliabilityPlot(
        title=title,
        text=text,
        curve=_curve(found),
        band="M" + "L".join(there + back) + "z",
        before="" if before is None else _curve(before),
        bins=tuple(_bin(found, int(place)) for place in np.flatnonzero(filled)),
    )


def _curve(found: Reliability) -> str:
    filled = found.voxels > 0
    return "M" + "L".join(points(found.confidence[filled], found.frequency[filled]))


def _bin(found: Reliability, place: int) -> Bin:
    low, high = found.edges[place], found.edges[place + 1]
    confidence, frequency = float(found.confidence[place]), float(found.frequency[place])
    height = _TALLEST * np.log1p(found.voxels[place]) / np.log1p(found.voxels.max())
    voxels = write_number(int(found.voxels[place]))
    return Bin(
        x=round(EDGE + _INSIDE * confidence, 1),
        y=round(SIDE - EDGE - _INSIDE * frequency, 1),
        left=round(EDGE + _INSIDE * float(low), 1),
        width=round(_INSIDE * float(high - low), 1),
        height=round(_INSIDE * float(height), 1),
        text=f"probability {write_number(confidence, 2)}: {write_number(100 * frequency, 0)} % of {voxels} "
        "voxels are lesion",
    )
