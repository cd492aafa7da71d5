"""Draws a sweep of settings: a small plot for each figure of merit, the settings along its axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from bidsapp.errors import BadDataError
from bidsapp.findings import Cell, Table
from bidsapp.reports.latent_colours import PALETTE
from bidsapp.reports.layout import Layout
from bidsapp.reports.numbers import write_name

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_ACROSS = 3
_ROW_PIXELS = 240


def draw_sweep(table: Table, layout: Layout) -> Figure:
    """Draw each column of numbers of a table against its first column.

    Parameters
    ----------
    table
        The first column names the setting; a cell that is not a finite number leaves a gap. What all names
        share is written once, under the last row of plots.

    Returns
    -------
    Figure
        Dots joined by a line. Scales do not start at zero: merits near one would all look alike.

    Raises
    ------
    BadDataError
        No column has a finite number.
    """
    from plotly.graph_objects import Scatter
    from plotly.subplots import make_subplots

    shared, ticks = _split([str(row[0]) for row in table.rows])
    columns = {each.name: [_finite(row[i]) for row in table.rows] for i, each in enumerate(table.columns)}
    drawn = {name: values for name, values in columns.items() if any(value is not None for value in values)}
    if not drawn:
        raise BadDataError(f"{table.title}: no figure of merit is a finite number.")
    rows = math.ceil(len(drawn) / _ACROSS)
    titles = [write_name(name, layout.words) for name in drawn]
    figure = make_subplots(rows, _ACROSS, subplot_titles=titles)
    for number, values in enumerate(drawn.values()):
        trace = Scatter(
            x=[escape(tick) for tick in ticks],
            y=values,
            mode="lines+markers",
            line={"color": PALETTE[0], "width": 1},
            marker={"size": 9},
            hovertemplate="%{x}: %{y:.4g}<extra></extra>",
        )
        figure.add_trace(trace, number // _ACROSS + 1, number % _ACROSS + 1)
    figure.update_xaxes(type="category")
    figure.update_xaxes(title=escape(shared), row=rows)
    figure.update_layout(template="plotly_white", height=_ROW_PIXELS * rows + 64, showlegend=False)
    return figure


def _split(labels: Sequence[str]) -> tuple[str, list[str]]:
    """Split ``<analysis>_<key>-<value>`` into what all settings share and what fits under a tick."""
    parts = [label.partition("-") for label in labels]
    swept = {stem for stem, _, _ in parts}
    if len(swept) > 1 or not all(value for _, _, value in parts):
        return "", list(labels)
    return swept.pop(), [value for _, _, value in parts]


def _finite(cell: Cell) -> float | None:
    number = isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell)
    return float(cell) if number and cell is not None else None
