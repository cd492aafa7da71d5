"""What a mosaic is, and which slices it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.findings import Map
from bidsapp.reports.album import Album, NotShownError
from bidsapp.reports.numbers import MINUS
from bidsapp.reports.scene import modality
from bidsapp.reports.slices import (
    PLANES,
    Box,
    Cut,
    Plane,
    Volume,
    content_cuts,
    even_cuts,
    profile,
    shape_of,
)

Paths = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Tile:
    """One slice: a grey picture, and on it a second picture or outlines as (colour, path)."""

    label: str
    alt: str
    sides: tuple[str, str]
    width: int
    height: int
    base: str
    top: str = ""
    paths: Paths = ()


@dataclass(frozen=True)
class ColourBar:
    """Colours from low to high, with the numbers at their ends."""

    colours: tuple[str, ...]
    low: str
    high: str


@dataclass(frozen=True)
class Figure:
    """A mosaic with its caption.

    ``kind`` is ``blend``, ``contour``, ``overlay``, ``projection`` or ``slices``. A ``folded`` one
    is shown when asked for.
    """

    kind: str
    title: str
    top_name: str
    base_name: str
    tiles: tuple[Tile, ...]
    legend: tuple[tuple[str, str], ...] = ()
    bars: tuple[ColourBar, ...] = ()
    note: str = ""
    folded: bool = False


def lay_tiles(
    base: Map,
    cuts: Iterable[Cut],
    box: Box,
    album: Album,
    *,
    picture: Callable[[Cut], str] = lambda _: "",
    paths: Callable[[Cut], Paths] = lambda _: (),
    pixel: float | None = None,
) -> tuple[Tile, ...]:
    """Lay the slices of ``base`` side by side, with what ``picture`` or ``paths`` draw on each.

    Pixels measure ``pixel`` mm, or what the tier says.
    """
    pixel = pixel or album.tier.pixel_mm
    tiles = []
    for cut in cuts:
        rows, columns = shape_of(box, cut.plane, pixel)
        sign = MINUS if cut.position < 0 else "+" if cut.position > 0 else ""
        label = f"{cut.axis} {sign}{abs(cut.position):.0f}"
        tile = Tile(
            label=label,
            alt=f"{cut.plane.capitalize()} slice at {label} mm",
            sides=("A", "P") if cut.plane == "sagittal" else ("R", "L"),
            width=columns,
            height=rows,
            base=album.grey(base, cut, box, pixel),
            top=picture(cut),
            paths=paths(cut),
        )
        tiles.append(tile)
    return tuple(tiles)


def find_backdrop(item: Map, album: Album) -> tuple[Map, Box]:
    """Give the image that a map is drawn on, and the part of it that is shown.

    Raises
    ------
    NotShownError
        There is no such image.
    """
    backdrop = album.scene.backdrop(item)
    if backdrop is None:
        raise NotShownError(f"{item.title}: there is no image of its space to draw it on.")
    return backdrop, album.box(album.scene.space(item))


def spread_cuts(box: Box, album: Album) -> list[Cut]:
    """Spread the tier's number of slices evenly."""
    return [cut for plane in PLANES for cut in even_cuts(box, plane, _number(plane, album))]


def focus_cuts(volume: Volume, content: NDArray[np.bool_], box: Box, album: Album) -> list[Cut]:
    """Put the slices where the content is, and complete each row with even ones."""
    if not content.any():
        return spread_cuts(box, album)
    cuts: list[Cut] = []
    for plane in PLANES:
        count = _number(plane, album)
        weights, origin = profile(content, volume.affine, box, plane)
        found = content_cuts(weights, origin, 1.0, plane, count)
        cuts += _complete(found, even_cuts(box, plane, count), count)
    return cuts


def name_of(item: Map) -> str:
    """Name an image in a caption: its modality if it is the subject's own, else its title."""
    return modality(item) if item.display == "blend" or "space" not in item.entities else item.title


def _number(plane: Plane, album: Album) -> int:
    return {"axial": album.tier.axial, "coronal": album.tier.coronal, "sagittal": album.tier.sagittal}[plane]


def _complete(found: tuple[Cut, ...], even: tuple[Cut, ...], count: int) -> list[Cut]:
    """Add the even planes that are farthest from those chosen, until there are ``count``."""
    chosen, rest = list(found), list(even)
    while len(chosen) < count and rest:
        distances = [min((abs(cut.position - other.position) for other in chosen), default=0) for cut in rest]
        chosen.append(rest.pop(int(np.argmax(distances))))
    return sorted(set(chosen), key=lambda cut: cut.position)
