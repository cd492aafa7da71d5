"""Places values on the scale of a reference cohort, so that many figures can be read in one column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bidsapp.findings import Cell, Table
from bidsapp.reports.numbers import decimals_of, write_number

LEFT = 30.0
_MOST = 4.0


@dataclass(frozen=True)
class Band:
    """Where a value lies against the 5-95 % band of the reference: 0 to 100 across the plot.

    ``outside`` is -1 below the band, 1 above it, else 0; ``clipped`` tells that the value lies
    beyond the plot.
    """

    place: float
    outside: int
    clipped: bool
    alt: str


@dataclass(frozen=True)
class Region:
    """One row of a regional plot; ``p`` is the family-wise one, empty where the table has none."""

    name: str
    value: str
    span: str
    band: Band
    p: str


def distance(value: float, quantiles: tuple[float, float, float]) -> float:
    """Signed distance from the median: 1 at the 95 %, -1 at the 5 % quantile, linear in between and beyond.

    Where the reference does not vary, every other value is as far as the plot goes.
    """
    low, middle, high = quantiles
    half = (high - middle) if value > middle else (middle - low)
    if half > 0:
        return (value - middle) / half
    return 0.0 if value == middle else _MOST if value > middle else -_MOST


def place_in_band(value: float, quantiles: tuple[float, float, float]) -> Band:
    """Place a value on the plot.

    >>> place_in_band(2.0, (1.0, 2.0, 4.0)).place
    50.0
    """
    place = 50 + distance(value, quantiles) * (50 - LEFT)
    outside = -1 if value < quantiles[0] else 1 if value > quantiles[2] else 0
    where = {
        -1: "below the 5 % quantile of",
        0: "within the 5 to 95 % band of",
        1: "above the 95 % quantile of",
    }
    return Band(
        place=round(min(max(place, 2.0), 98.0), 1),
        outside=outside,
        clipped=not 2 <= place <= 98,
        alt=f"{where[outside]} the reference",
    )


def read_regions(table: Table) -> tuple[Region, ...]:
    """Turn a table of regions into rows of a plot, the most deviant first; none without its columns.

    The most deviant one has the smallest family-wise p, then the highest value on the controls' scale; in a
    table without such p it is the farthest from the controls' median.
    """
    names = [column.name for column in table.columns]
    needed = ("region", "value", "q05", "q50", "q95")
    if not set(needed) <= set(names):
        return ()
    shown = (*needed, "p_fwe") if "p_fwe" in names else needed
    rows = [tuple(row[names.index(name)] for name in shown) for row in table.rows]
    complete = [row for row in rows if all(isinstance(cell, int | float) for cell in row[1:5])]
    decimals = decimals_of([row[1] for row in complete])
    if "p_fwe" in names:
        complete.sort(key=lambda row: (_p_of(row), -_distance_of(row)))
    else:
        complete.sort(key=lambda row: -abs(_distance_of(row)))
    return tuple(_region(row, decimals) for row in complete)


def _p_of(row: Sequence[Cell]) -> float:
    return float(row[5]) if isinstance(row[5], int | float) else 1.0


def _distance_of(row: Sequence[Cell]) -> float:
    value, low, middle, high = (float(cell) for cell in row[1:5] if isinstance(cell, int | float))
    return distance(value, (low, middle, high))


def _region(row: Sequence[Cell], decimals: int) -> Region:
    value, low, middle, high = (float(cell) for cell in row[1:5] if isinstance(cell, int | float))
    quantiles = (low, middle, high)
    band = place_in_band(value, quantiles)
    span = f"{write_number(low, decimals)} to {write_number(high, decimals)}"
    return Region(
        str(row[0]).replace("_", " "),
        write_number(value, decimals),
        span,
        band,
        write_number(row[5], 3) if len(row) > 5 else "",
    )
