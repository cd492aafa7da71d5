"""Draws each cluster or lesion in three planes through its centre, with a crosshair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.findings import Map, Table
from bidsapp.reports.album import Album, NotShownError
from bidsapp.reports.numbers import MINUS
from bidsapp.reports.overlays import colour_plane
from bidsapp.reports.pictures import lay_over, to_grey, webp
from bidsapp.reports.slices import NORMAL, PLANES, Box, Cut, pixel_of, sample

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Thumbnail:
    """A strip of three planes with its alternative text."""

    uri: str
    alt: str
    width: int
    height: int


def draw_thumbnails(table: Table, maps: Sequence[Map], album: Album) -> tuple[list[Thumbnail | None], str]:
    """Draw a strip for each of the first rows of a table of clusters or lesions.

    Clusters are shown in the whole brain with the first coloured map; lesions close up, with the edge of the
    first mask that is shown as ``slices``.

    Returns
    -------
    thumbnails, problem
        One entry for each row (``None`` beyond the declared number), and a sentence when none
        could be drawn.
    """
    names = [column.name for column in table.columns]
    empty: list[Thumbnail | None] = [None] * len(table.rows)
    if not {"x", "y", "z"} <= set(names):
        return empty, f"{table.title}: no columns x, y, z, so no thumbnails."
    probe = Map(path=Path(), suffix=table.suffix, title=table.title, entities=table.entities)
    space = album.scene.space(probe)
    backdrop = album.scene.backdrop_in(space, _wanted(maps))
    try:
        if backdrop is None:
            raise NotShownError(f"{table.title}: there is no image of its space to draw thumbnails on.")
        box = album.box(space)
        close = table.display == "lesions"
        top = _lesion_mask(space, maps, album) if close else album.scene.overlay(space, maps)
        for index, row in enumerate(table.rows[: album.tier.thumbnails]):
            point = _point(tuple(row[names.index(axis)] for axis in "xyz"))
            if point:
                around = close_up(point, album.layout.mosaic.close_up_mm) if close else box
                empty[index] = _strip(backdrop, top, point, around, album)
    except NotShownError as error:
        return empty, str(error)
    return empty, ""


def write_marks(table: Table) -> tuple[tuple[str, ...], ...]:
    """Give what stands beside each picture: active, uncertain, and how the lesion changed."""
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, row, strict=True)) for row in table.rows]
    return tuple(
        tuple(
            text
            for text, shown in (
                ("active", row.get("active")),
                ("uncertain", row.get("marked")),
                (str(row.get("change")), row.get("change")),
            )
            if shown
        )
        for row in rows
    )


def close_up(point: Point, width: float) -> Box:
    """Give the cube around a point, mm."""
    x, y, z = point
    half = width / 2
    return Box((x - half, y - half, z - half), (x + half, y + half, z + half))


def _lesion_mask(space: str, maps: Sequence[Map], album: Album) -> Map | None:
    shown = (item for item in maps if item.display == "slices" and album.scene.space(item) == space)
    return next(shown, None)


def _wanted(maps: Sequence[Map]) -> str:
    return next((item.backdrop for item in maps if item.backdrop), "")


def _strip(backdrop: Map, top: Map | None, point: Point, box: Box, album: Album) -> Thumbnail:
    planes = []
    for plane in PLANES:
        cut = Cut(plane, point[NORMAL[plane]])
        where = pixel_of(cut, box, _pixel(top, album), point)
        picture = _picture(backdrop, top, cut, box, album)
        planes.append(_crosshair(picture, where, album.layout.colours.crosshair))
    side = max(max(plane.shape[:2]) for plane in planes)
    strip = np.concatenate([_centred(plane, side) for plane in planes], axis=1)
    place = ", ".join(
        f"{axis} {MINUS if value < 0 else ''}{abs(value):.0f}"
        for axis, value in zip("xyz", point, strict=True)
    )
    alt = f"Axial, coronal and sagittal slices through {place} mm"
    return Thumbnail(webp(strip, album.tier.quality), alt, strip.shape[1], strip.shape[0])


def _pixel(top: Map | None, album: Album) -> float:
    """Give the size of a pixel (mm): half as large where a lesion is shown close up."""
    return album.tier.thumbnail_mm / (2 if top and top.display == "slices" else 1)


def _picture(backdrop: Map, top: Map | None, cut: Cut, box: Box, album: Album) -> NDArray[np.uint8]:
    pixel = _pixel(top, album)
    grey = to_grey(sample(album.volume(backdrop), cut, box, pixel), album.window(backdrop))
    if top is None:
        return np.repeat(grey[..., None], 3, axis=2)
    if top.display == "slices":
        inside = sample(album.volume(top), cut, box, pixel) > 0.5
        return _edge(grey, inside, album.layout.colours.contour[0])
    return lay_over(grey, colour_plane(top, cut, box, album, pixel))


def _edge(grey: NDArray[np.uint8], inside: NDArray[np.bool_], colour: str) -> NDArray[np.uint8]:
    """Draw the edge of a mask from outside, so that it hides none of it."""
    rgb = np.repeat(grey[..., None], 3, axis=2)
    rgb[ndimage.binary_dilation(inside) & ~inside] = _paint(colour)
    return rgb


def _paint(colour: str) -> NDArray[np.uint8]:
    return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)], np.uint8)


def _crosshair(rgb: NDArray[np.uint8], where: tuple[float, float], colour: str) -> NDArray[np.uint8]:
    """Draw lines towards a point that stop short of it, so that they do not hide it."""
    paint = _paint(colour)
    column, row = (math.floor(item) for item in where)
    rows, columns = rgb.shape[:2]
    gap = max(6, columns // 14)
    if 0 <= row < rows:
        rgb[row, : max(column - gap, 0)] = paint
        rgb[row, column + gap + 1 :] = paint
    if 0 <= column < columns:
        rgb[: max(row - gap, 0), column] = paint
        rgb[row + gap + 1 :, column] = paint
    return rgb


def _centred(plane: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    canvas = np.zeros((side, side, 3), np.uint8)
    top, left = (side - plane.shape[0]) // 2, (side - plane.shape[1]) // 2
    canvas[top : top + plane.shape[0], left : left + plane.shape[1]] = plane
    return canvas


def _point(cells: tuple[object, ...]) -> Point | None:
    if not all(isinstance(cell, int | float) and math.isfinite(cell) for cell in cells):
        return None
    x, y, z = (float(cell) for cell in cells if isinstance(cell, int | float))
    return x, y, z
