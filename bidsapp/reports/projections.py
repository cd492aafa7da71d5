"""Maximum-intensity projections: all of a map at one glance, as the papers on anomaly detection show it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.findings import Map
from bidsapp.reports.album import Album, NotShownError
from bidsapp.reports.mosaic import Figure, Tile
from bidsapp.reports.numbers import MINUS, write_number
from bidsapp.reports.overlays import colour_bars, colour_values, is_beyond
from bidsapp.reports.pictures import png, webp
from bidsapp.reports.slices import PLANES, Box, Plane, stack

_AXIS: dict[Plane, int] = {"axial": 0, "coronal": 1, "sagittal": 2}
_DARKEST, _BRIGHTEST = 46.0, 118.0
_NOTE = (
    "Each pixel has the value farthest from zero along the line of sight, in the whole depth of the brain; "
    "the grey silhouette is lighter where the brain is deeper."
)


def draw_projection(item: Map, album: Album) -> Figure:
    """Draw the values beyond the threshold from three sides, those below zero and those above it apart.

    Raises
    ------
    NotShownError
        The map, or what tells where the brain is, is missing.
    """
    space, pixel = album.scene.space(item), album.tier.projection_mm
    box = album.box(space)
    values = stack(album.volume(item), box, pixel)
    brain = _brain(space, box, album)
    signs = [sign for sign in (-1, 1) if is_beyond(item, np.maximum(sign * values, 0)).any()]
    bases = {plane: silhouette(brain, plane) for plane in PLANES}
    tiles = []
    for sign in signs or [1]:
        side = {-1: f"below {MINUS}", 1: "above "}[sign] + write_number(item.threshold) if signs else ""
        for plane in PLANES:
            farthest = sign * np.maximum(sign * values, 0).max(axis=_AXIS[plane])
            tiles.append(_tile(plane, side, bases[plane], png(colour_values(item, farthest, album)), album))
    return Figure(
        kind="projection",
        title=f"{item.title}: projections",
        top_name="coloured map",
        base_name="Silhouette of the brain",
        tiles=tuple(tiles),
        bars=colour_bars(item, album) if signs else (),
        note=_NOTE if signs else f"Nothing exceeds the threshold of {write_number(item.threshold)}.",
    )


def silhouette(brain: NDArray[np.float32], plane: Plane) -> NDArray[np.uint8]:
    """Give the shadow of a brain mask from one side in grey, lighter where the brain is deeper.

    Parameters
    ----------
    brain
        As :func:`bidsapp.reports.slices.stack` gives it.
    """
    depth = (brain > 0.5).sum(axis=_AXIS[plane])
    shade = _DARKEST + (_BRIGHTEST - _DARKEST) * depth / max(int(depth.max()), 1)
    return np.where(depth > 0, shade + 0.5, 0).astype(np.uint8)


def _brain(space: str, box: Box, album: Album) -> NDArray[np.float32]:
    """Give the brain mask of a space; where there is none, what is not dark in its background."""
    mask, backdrop = album.scene.mask(space), album.scene.backdrop_in(space)
    if mask is not None:
        return stack(album.volume(mask), box, album.tier.projection_mm)
    if backdrop is None:
        raise NotShownError(f"There is no image to draw on in space '{space or 'of the subject'}'.")
    bright = stack(album.volume(backdrop), box, album.tier.projection_mm) > 0.15 * album.window(backdrop)[1]
    return bright.astype(np.float32)


def _tile(plane: Plane, side: str, base: NDArray[np.uint8], top: str, album: Album) -> Tile:
    rows, columns = base.shape
    return Tile(
        label=f"{plane}, {side}" if side else plane,
        alt=f"{plane.capitalize()} projection" + (f" of the values {side}" if side else ""),
        sides=("A", "P") if plane == "sagittal" else ("R", "L"),
        width=columns,
        height=rows,
        base=webp(base, album.tier.quality),
        top=top,
    )
