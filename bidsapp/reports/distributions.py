"""Draws how a measure is distributed over a cohort: a dot for each subject, or the shape of very many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.reports.numbers import decimals_of, write_number

WIDTH, MIDDLE, RADIUS = 320.0, 44.0, 3.0
_BINS = 64


@dataclass(frozen=True)
class Dot:
    """One subject: its place, name and value."""

    x: float
    y: float
    name: str
    value: str
    odd: bool


@dataclass(frozen=True)
class Distribution:
    """Geometry of the plot in a box of 320 by 88; ``shape`` replaces the dots of very many subjects."""

    alt: str
    low: str
    high: str
    box: tuple[float, float]
    median: float
    median_text: str
    reference: tuple[float, float] | None
    dots: tuple[Dot, ...]
    shape: str
    clipped: bool
    number: int


def draw_distribution(
    values: Mapping[str, float],
    odd: set[str],
    reference: tuple[float, float, float] | None,
    most_dots: int,
) -> Distribution | None:
    """Draw the values of some visits; ``None`` without any.

    Parameters
    ----------
    values
        By name of the visit.
    odd
        The names that stand out: they are dots in any case.
    reference
        Quantiles 5, 50 and 95 % of the reference.
    most_dots
        With more values than that, the others are drawn as a shape.
    """
    numbers = np.array(list(values.values()), dtype=np.float64)
    if numbers.size == 0:
        return None
    q25, median, q75 = (float(item) for item in np.percentile(numbers, (25, 50, 75)))
    low, high, clipped = _range(numbers, q25, q75, reference)

    def place(value: float) -> float:
        return round(6 + (WIDTH - 12) * (min(max(value, low), high) - low) / (high - low), 1)

    places = decimals_of([low, high, median, q25, q75])
    many = numbers.size > most_dots
    dotted = {name: value for name, value in values.items() if not many or name in odd}
    rows = _swarm([place(value) for value in dotted.values()])
    dots = tuple(
        Dot(place(value), y, name, write_number(value, places), name in odd)
        for (name, value), y in zip(dotted.items(), rows, strict=True)
    )
    inner = f"middle half {write_number(q25, places)} to {write_number(q75, places)}"
    alt = f"{numbers.size} values, median {write_number(median, places)}, {inner}"
    return Distribution(
        alt=alt + (f"; standing out: {', '.join(sorted(odd & set(values)))}" if odd & set(values) else ""),
        low=write_number(low, places),
        high=write_number(high, places),
        box=(place(q25), place(q75)),
        median=place(median),
        median_text=write_number(median, places),
        reference=(place(reference[0]), place(reference[2])) if reference else None,
        dots=dots,
        shape=_shape(numbers, low, high) if many else "",
        clipped=clipped,
        number=int(numbers.size),
    )


def _range(
    numbers: NDArray[np.float64], q25: float, q75: float, reference: tuple[float, float, float] | None
) -> tuple[float, float, bool]:
    """Give the scale: all values, but not so far out that the bulk is squeezed into a line."""
    reach = 4 * (q75 - q25)
    low, high = float(numbers.min()), float(numbers.max())
    near = (max(low, q25 - reach), min(high, q75 + reach)) if reach > 0 else (low, high)
    clipped = near != (low, high)
    if reference:
        near = min(near[0], reference[0]), max(near[1], reference[2])
    if near[1] <= near[0]:
        margin = abs(near[0]) * 0.05 or 0.5
        return near[0] - margin, near[1] + margin, clipped
    return near[0], near[1], clipped


def _swarm(places: Sequence[float]) -> list[float]:
    """Stack dots that would hide each other, alternately above and below the middle."""
    taken: dict[int, int] = {}
    rows = []
    for place in places:
        column = round(place / (2 * RADIUS))
        level = taken.get(column, 0)
        taken[column] = level + 1
        offset = (level + 1) // 2 * (1 if level % 2 else -1) * 2 * RADIUS
        rows.append(round(min(max(MIDDLE + offset, RADIUS), 2 * MIDDLE - RADIUS), 1))
    return rows


def _shape(numbers: NDArray[np.float64], low: float, high: float) -> str:
    """Give a mirrored histogram as an SVG path."""
    counts, _ = np.histogram(np.clip(numbers, low, high), bins=_BINS, range=(low, high))
    smooth = np.convolve(np.pad(counts, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
    half = (MIDDLE - 6) * smooth / max(float(smooth.max()), 1.0)
    x = 6 + (WIDTH - 12) * (np.arange(_BINS) + 0.5) / _BINS
    upper = [f"{a:.0f} {MIDDLE - b:.0f}" for a, b in zip(x, half, strict=True)]
    lower = [f"{a:.0f} {MIDDLE + b:.0f}" for a, b in zip(x, half, strict=True)]
    return "M" + "L".join(upper + lower[::-1]) + "z"
