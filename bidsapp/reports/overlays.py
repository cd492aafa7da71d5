"""Coloured maps: what lies beyond the threshold, on the slices where there is most of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.findings import Map
from bidsapp.reports.album import Album
from bidsapp.reports.mosaic import ColourBar, Figure, find_backdrop, focus_cuts, lay_tiles, name_of
from bidsapp.reports.numbers import write_number
from bidsapp.reports.pictures import colour_table, png, to_colours
from bidsapp.reports.slices import Box, Cut, Volume, sample

_BAR = 24


def draw_overlay(item: Map, album: Album) -> Figure:
    """Draw a map in colours where it exceeds its threshold.

    Raises
    ------
    NotShownError
        The map or the image below it is missing.
    """
    backdrop, box = find_backdrop(item, album)
    volume = album.volume(item)
    beyond = is_beyond(item, volume.data)
    cuts = focus_cuts(volume, beyond, box, album)
    tiles = lay_tiles(
        backdrop,
        cuts,
        box,
        album,
        picture=lambda cut: png(colour_plane(item, cut, box, album, album.tier.pixel_mm)),
    )
    note = "" if beyond.any() else f"Nothing exceeds the threshold of {write_number(item.threshold)}."
    bars = colour_bars(item, album) if beyond.any() else ()
    return Figure("overlay", item.title, "coloured map", name_of(backdrop), tiles, bars=bars, note=note)


def colour_plane(item: Map, cut: Cut, box: Box, album: Album, pixel: float) -> NDArray[np.uint8]:
    """Give one plane of an overlay as RGBA."""
    return colour_values(item, sample(album.volume(item), cut, box, pixel), album)


def colour_values(item: Map, plane: NDArray[np.float32], album: Album) -> NDArray[np.uint8]:
    """Colour values of a map as its threshold and maximum say; RGBA."""
    colours = album.layout.colours
    return to_colours(
        plane,
        threshold=item.threshold,
        maximum=_maximum(item, album.volume(item)),
        hot=colours.hot,
        cold=colours.cold,
    )


def is_beyond(item: Map, values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which values of a map are coloured."""
    return np.asarray(np.abs(values) >= max(item.threshold, 1e-12))


def _maximum(item: Map, volume: Volume) -> float:
    if item.maximum is not None:
        return item.maximum
    values = np.abs(volume.data[is_beyond(item, volume.data)])
    return float(np.percentile(values, 99.5)) if values.size else 1.0


def colour_bars(item: Map, album: Album) -> tuple[ColourBar, ...]:
    """Give a bar for each side of zero that is coloured; none for a plain mask."""
    if item.suffix == "mask":
        return ()
    volume = album.volume(item)
    unit, threshold = str(item.metadata.get("Units", "")), max(item.threshold, 0.0)
    maximum, bars = _maximum(item, volume), []
    for stops, sign in ((album.layout.colours.cold, -1), (album.layout.colours.hot, 1)):
        if not (volume.data * sign >= max(threshold, 1e-12)).any():
            continue
        table = tuple("#{:02x}{:02x}{:02x}".format(*row) for row in colour_table(stops, _BAR))
        near, far = write_number(sign * threshold, 2), f"{write_number(sign * maximum, 2)} {unit}".strip()
        bars.append(ColourBar(table, near, far) if sign > 0 else ColourBar(table[::-1], far, near))
    return tuple(bars)
