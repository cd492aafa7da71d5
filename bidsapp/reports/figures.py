"""Draws what the maps of one analysis ask for; what cannot be drawn is said instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from bidsapp.findings import Map
from bidsapp.reports.album import Album, NotShownError
from bidsapp.reports.contours import draw_contours, group_contours
from bidsapp.reports.mosaic import Figure, lay_tiles, name_of, spread_cuts
from bidsapp.reports.overlays import draw_overlay
from bidsapp.reports.projections import draw_projection
from bidsapp.reports.scene import COLOURED


def draw_figures(maps: Sequence[Map], album: Album) -> tuple[list[Figure], list[str]]:
    """Draw projections, overlays, outlines and registrations, in this order.

    Returns
    -------
    figures, problems
        The figures, and a sentence for each that could not be drawn.
    """
    jobs: list[Callable[[], Figure]] = [
        partial(draw_projection, item, album) for item in maps if item.display == "projection"
    ]
    jobs += [partial(draw_overlay, item, album) for item in maps if item.display in COLOURED]
    jobs += [partial(draw_contours, group, album) for group in group_contours(maps, album)]
    jobs += [partial(draw_blend, item, album) for item in maps if album.scene.is_registration(item)]
    figures, problems = [], []
    for job in jobs:
        try:
            figures.append(job())
        except NotShownError as error:
            problems.append(str(error))
    return figures, problems


def draw_blend(item: Map, album: Album) -> Figure:
    """Lay a registered image over the background of its space.

    Raises
    ------
    NotShownError
        One of the two is missing.
    """
    background = album.scene.background(item)
    if background is None:
        raise NotShownError(f"{item.title}: there is no background image of its space to compare it with.")
    box = album.box(album.scene.space(item))
    tiles = lay_tiles(
        background, spread_cuts(box, album), box, album, picture=lambda cut: album.grey(item, cut, box)
    )
    return Figure("blend", item.title, name_of(item), name_of(background), tiles)
