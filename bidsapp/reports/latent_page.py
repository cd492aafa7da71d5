"""The page to look into a latent space: points to turn over, their figures of merit, a sweep of settings.

It is one file that needs nothing else. plotly.js is inside; the page's policy admits it by its hash and
forbids every connection, because for other plots that library fetches maps and fonts from elsewhere. The
browser's console says that the style of these maps was refused; nothing here uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
from markupsafe import Markup

import bidsapp
from bidsapp.errors import BadDataError
from bidsapp.findings import Table
from bidsapp.reports.articles import TableColumn, TableView
from bidsapp.reports.latent_colours import Colouring, Floats, Points, colourings
from bidsapp.reports.latent_sweep import draw_sweep
from bidsapp.reports.layout import FOLDER, Layout, read_layout
from bidsapp.reports.numbers import count, is_numeric, write_name, write_number
from bidsapp.reports.page import render


def draw_latent_page(
    points: Points,
    projections: Mapping[str, Floats],
    merits: Table,
    *,
    sweep: Table | None = None,
    title: str = "Latent space",
    simulated: bool = False,
) -> str:
    """Make the page.

    Parameters
    ----------
    points
        What is known of each point; a `LatentSample` will do.
    projections
        By name, shape ``(places * subjects, 2)``, subjects fastest.
    merits
        One in a row: ``merit`` and ``projection`` (machine names), then numbers and text.
    sweep
        One setting in a row, its label first, then figures of merit.
    simulated
        Whether to say that the images were simulated.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    BadDataError
        There is no projection, one does not fit the points, or the page would be too large.
    """
    from plotly.offline import get_plotlyjs

    _check(points, projections)
    layout = read_layout()
    colours = colourings(points)
    content: dict[str, object] = {
        "projections": {name: _columns(plane) for name, plane in projections.items()},
        "colourings": {each.name: _plain(each) for each in colours},
        "places": _place_texts(points),
        "subjects": _subject_texts(points),
        **({} if sweep is None else {"sweep": draw_sweep(sweep, layout).to_plotly_json()}),
    }
    page = render(
        "latent.html.j2",
        scripts=(get_plotlyjs(), (FOLDER / "latent.js").read_text(encoding="utf-8")),
        styles=("",),  # plotly.js adds rules to an empty element
        title=title,
        simulated=simulated,
        versions=[bidsapp.__version__],
        sentence=_sentence(points),
        projections=[(name, _title(name, layout)) for name in projections],
        colourings=[(each.name, each.title) for each in colours],
        content=_json(content),
        merits=_view(merits, layout, named=2),
        sweep=None if sweep is None else _view(sweep, layout, named=0),
        limits=layout.limits,
    )
    _check_size(page, layout.limits.latent_bytes)
    return page


def _check(points: Points, projections: Mapping[str, Floats]) -> None:
    if not projections:
        raise BadDataError("The page of a latent space needs at least one projection.")
    wanted = (len(points.regions) * len(points.subjects), 2)
    for name, plane in projections.items():
        if plane.shape != wanted or not np.isfinite(plane).all():
            raise BadDataError(f"Projection {name} is not of finite numbers of shape {wanted}.")


def _check_size(page: str, most: int) -> None:
    size = len(page.encode("utf-8"))
    if size > most:
        raise BadDataError(
            f"The page of the latent space would have {size / 1e6:.1f} MB, more than "
            f"{most / 1e6:.1f}; sample fewer places or subjects."
        )


def _sentence(points: Points) -> str:
    places, subjects = len(points.regions), len(points.subjects)
    return (
        f"{count(places * subjects, 'patch', 'patches')}: {count(places, 'place')} in "
        f"{count(len(set(points.regions)), 'region')}, each in {count(subjects, 'subject')}."
    )


def _columns(plane: Floats) -> dict[str, list[float]]:
    """Give x and y with four digits of the largest: more cannot be seen, and would double the page."""
    largest = float(np.abs(plane).max())
    scale = 10_000 / largest if largest else 1.0
    x, y = np.rint(plane.astype(np.float64) * scale).astype(int).T
    return {"x": x.tolist(), "y": y.tolist()}


def _plain(colouring: Colouring) -> dict[str, object]:
    traces = [trace.to_plotly_json() for trace in colouring.traces]
    return {"title": colouring.title, "traces": traces}


def _place_texts(points: Points) -> list[str]:
    texts = []
    for region, tissue, place in zip(points.regions, points.tissues, points.places_mm, strict=True):
        position = ", ".join(write_number(float(axis), 0) for axis in place)
        texts.append(f"{escape(region)}, {escape(tissue)}<br>{position} mm")
    return texts


def _subject_texts(points: Points) -> list[str]:
    ages = [f", {write_number(float(age), 0)} years" if np.isfinite(age) else "" for age in points.ages]
    return [f"{escape(name)}{age}" for name, age in zip(points.subjects, ages, strict=True)]


def _json(content: Mapping[str, object]) -> Markup:
    """Write JSON that cannot end the element that it stands in."""
    from plotly.io.json import to_json_plotly

    text: str = to_json_plotly(content, engine="json")
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704


def _title(name: str, layout: Layout) -> str:
    return layout.words.get(name) or write_name(name, layout.words)


def _view(table: Table, layout: Layout, named: int) -> TableView:
    """Write a table as text, each number with its own decimals; ``named`` columns hold machine names."""
    columns = tuple(
        TableColumn(
            label=write_name(column.name, layout.words),
            unit=column.unit,
            description=column.description,
            numeric=is_numeric(row[index] for row in table.rows),
        )
        for index, column in enumerate(table.columns)
    )
    rows = tuple(
        tuple(
            _title(cell, layout) if isinstance(cell, str) and index < named else write_number(cell)
            for index, cell in enumerate(row)
        )
        for row in table.rows
    )
    return TableView(title=table.title, columns=columns, rows=rows)
