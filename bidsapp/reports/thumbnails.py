"""Draws each cluster in three planes through its centre, with a crosshair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
    """Draw a strip for each of the first rows of a table of clusters.

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
        overlay = album.scene.overlay(space, maps)
        for index, row in enumerate(table.rows[: album.tier.thumbnails]):
            point = _point(tuple(row[names.index(axis)] for axis in "xyz"))
            if point:
                empty[index] = _strip(backdrop, overlay, point, box, album)
    except NotShownError as error:
        return empty, str(error)
    return empty, ""


def _wanted(maps: Sequence[Map]) -> str:
    return next((item.backdrop for item in maps if item.backdrop), "")


def _strip(backdrop: Map, overlay: Map | None, point: Point, box: Box, album: Album) -> Thumbnail:
    planes = []
    for plane in PLANES:
        cut = Cut(plane, point[NORMAL[plane]])
        where = pixel_of(cut, box, album.tier.thumbnail_mm, point)
        picture = _picture(backdrop, overlay, cut, box, album)
        planes.append(_crosshair(picture, where, album.layout.colours.crosshair))
    side = max(max(plane.shape[:2]) for plane in planes)
    strip = np.concatenate([_centred(plane, side) for plane in planes], axis=1)
    place = ", ".join(
        f"{axis} {MINUS if value < 0 else ''}{abs(value):.0f}"
        for axis, value in zip("xyz", point, strict=True)
    )
    alt = f"Axial, coronal and sagittal slices through {place} mm"
    return Thumbnail(webp(strip, album.tier.quality), alt, strip.shape[1], strip.shape[0])


def _picture(backdrop: Map, overlay: Map | None, cut: Cut, box: Box, album: Album) -> NDArray[np.uint8]:
    pixel = album.tier.thumbnail_mm
    grey = to_grey(sample(album.volume(backdrop), cut, box, pixel), album.window(backdrop))
    if overlay is None:
        return np.repeat(grey[..., None], 3, axis=2)
    return lay_over(grey, colour_plane(overlay, cut, box, album, pixel))


def _crosshair(rgb: NDArray[np.uint8], where: tuple[float, float], colour: str) -> NDArray[np.uint8]:
    """Draw lines towards a point that stop short of it, so that they do not hide it."""
    paint = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)], np.uint8)
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
