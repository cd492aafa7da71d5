"""Draws what the maps of one analysis ask for; what cannot be drawn is said instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from bidsapp.findings import Map
from bidsapp.reports.album import Album, NotShownError
from bidsapp.reports.contours import draw_contours, group_contours
from bidsapp.reports.every_slice import draw_every_slice
from bidsapp.reports.mosaic import Figure, lay_tiles, name_of, spread_cuts
from bidsapp.reports.overlays import draw_overlay
from bidsapp.reports.projections import draw_projection
from bidsapp.reports.scene import COLOURED


def draw_figures(maps: Sequence[Map], album: Album) -> tuple[list[Figure], list[str]]:
    """Draw every slice of lesions, projections, overlays, outlines and registrations, in this order.

    Returns
    -------
    figures, problems
        The figures, and a sentence for each that could not be drawn.
    """
    jobs: list[Callable[[], Sequence[Figure]]] = [
        partial(draw_every_slice, group, album) for group in group_contours(maps, album, "slices")
    ]
    alone: list[Callable[[], Figure]] = [
        partial(draw_projection, item, album) for item in maps if item.display == "projection"
    ]
    alone += [partial(draw_overlay, item, album) for item in maps if item.display in COLOURED]
    alone += [partial(draw_contours, group, album) for group in group_contours(maps, album)]
    alone += [partial(draw_blend, item, album) for item in maps if album.scene.is_registration(item)]
    jobs += [partial(_one, job) for job in alone]
    figures: list[Figure] = []
    problems: list[str] = []
    for job in jobs:
        try:
            figures += job()
        except NotShownError as error:
            problems.append(str(error))
    return figures, problems


def _one(job: Callable[[], Figure]) -> tuple[Figure]:
    return (job(),)


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
