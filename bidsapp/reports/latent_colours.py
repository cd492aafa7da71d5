"""Colours the points of a latent space: by group in colours and shapes, by number in one scale.

Both are safe for the colour-blind: the groups take the palette of Okabe and Ito (2008), without its yellow,
which is faint on white, and a shape besides; numbers take cividis (Nuñez et al. 2018, PLoS ONE 13:e0199239).
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from plotly.graph_objects import Scatter

Floats = NDArray[np.float32]
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
SHAPES = (
    "circle", "square", "diamond", "cross", "x", "triangle-up", "star",
    "circle-open", "square-open", "diamond-open", "cross-open", "x-open", "triangle-up-open", "star-open",
)  # fmt: skip
UNKNOWN = "#51606e"


class Points(Protocol):
    """What the page asks of a latent sample: points are places times subjects, subjects fastest.

    Attributes
    ----------
    places_mm
        mm RAS, shape ``(places, 3)``.
    regions, tissues
        Of each place.
    subjects, ages
        Of each subject; ages in years, ``nan`` where unknown.
    scores
        Shape ``(places, subjects)``, or ``None``.
    """

    @property
    def places_mm(self) -> Floats: ...  # noqa: D102
    @property
    def regions(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def tissues(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def subjects(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def ages(self) -> Floats: ...  # noqa: D102
    @property
    def scores(self) -> Floats | None: ...  # noqa: D102


@dataclass(frozen=True)
class Colouring:
    """One way to colour the points: plotly traces without positions.

    The ``customdata`` of a trace are the numbers of its points; together, the traces have each point once.
    """

    name: str
    title: str
    traces: tuple[Scatter, ...]


def colourings(points: Points) -> tuple[Colouring, ...]:
    """Colour by region, subject, tissue, and by age and score where there are any."""
    places, subjects = len(points.regions), len(points.subjects)
    found = [
        Colouring("region", "Region", _groups(np.repeat(points.regions, subjects))),
        Colouring("subject", "Subject", _groups(np.tile(points.subjects, places))),
        Colouring("tissue", "Tissue", _groups(np.repeat(points.tissues, subjects))),
    ]
    if np.isfinite(points.ages).any():
        found.append(Colouring("age", "Age", _scale(np.tile(points.ages, places), "years")))
    if points.scores is not None:
        found.append(Colouring("score", "Score", _scale(points.scores.ravel(), "score")))
    return tuple(found)


def _groups(labels: NDArray[np.str_]) -> tuple[Scatter, ...]:
    """Give a trace for each group; beyond 98 groups, colours and shapes come again."""
    return tuple(
        _trace(
            name,
            np.flatnonzero(labels == name),
            {
                "color": PALETTE[number % len(PALETTE)],
                "symbol": SHAPES[number // len(PALETTE) % len(SHAPES)],
            },
        )
        for number, name in enumerate(sorted(set(labels.tolist())))
    )


def _scale(values: Floats, unit: str) -> tuple[Scatter, ...]:
    """Give the points that have a number in one trace, the others as empty rings."""
    known = np.isfinite(values)
    numbers = [float(f"{value:.4g}") for value in values[known]]
    bar = {"title": {"text": unit, "side": "right"}, "thickness": 14, "outlinewidth": 0}
    marker = {"color": numbers, "colorscale": "Cividis", "showscale": True, "colorbar": bar}
    traces = (_trace("known", np.flatnonzero(known), marker, legend=False),)
    if known.all():
        return traces
    return (*traces, _trace("unknown", np.flatnonzero(~known), {"color": UNKNOWN, "symbol": "circle-open"}))


def _trace(
    name: str, numbers: NDArray[np.intp], marker: dict[str, object], *, legend: bool = True
) -> Scatter:
    from plotly.graph_objects import Scatter

    return Scatter(
        mode="markers",
        name=escape(name),
        customdata=numbers.tolist(),
        marker={"size": 7, "opacity": 0.8, **marker},
        hovertemplate="%{text}<extra></extra>",
        showlegend=legend,
    )
