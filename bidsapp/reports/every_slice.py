"""Small things slice by slice: every axial slice that holds any, so that each lesion can be judged by eye."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bidsapp.findings import Map
from bidsapp.reports.album import Album
from bidsapp.reports.contours import Layer, make_layers
from bidsapp.reports.mosaic import Figure, Paths, find_backdrop, lay_tiles, name_of
from bidsapp.reports.numbers import count
from bidsapp.reports.outlines import outline
from bidsapp.reports.slices import Cut, Volume, sample


def draw_every_slice(maps: Sequence[Map], album: Album) -> list[Figure]:
    """Draw masks of one space on every axial slice that holds any of them, superior ones first.

    The slices go to pages of a declared number; all but the first page are folded.

    Raises
    ------
    NotShownError
        A mask or the image below is missing.
    """
    backdrop, box = find_backdrop(maps[0], album)
    layers, pixel = make_layers(maps, album), album.tier.slice_mm

    def paths(cut: Cut) -> Paths:
        drawn = [(layer.colour, _outline(layer, cut)) for layer in layers]
        return tuple((colour, path) for colour, path in drawn if path)

    def _outline(layer: Layer, cut: Cut) -> str:
        # sampled at half a pixel, so that a single voxel is not lost between two
        return outline(sample(layer.volume, cut, box, pixel / 2), scale=1)

    cuts = axial_cuts([layer.volume for layer in layers])
    size = album.layout.mosaic.page_tiles
    pages = [cuts[start : start + size] for start in range(0, len(cuts), size)] or [()]
    title = ", ".join(item.title for item in maps)
    return [
        Figure(
            kind="slices",
            title=title + (f", page {number} of {len(pages)}" if len(pages) > 1 else ""),
            top_name="outlines",
            base_name=name_of(backdrop),
            tiles=lay_tiles(backdrop, page, box, album, paths=paths, pixel=pixel),
            legend=tuple((layer.name, layer.colour) for layer in layers) if len(layers) > 1 else (),
            note=f"Every axial slice with an outline: {count(len(cuts), 'slice')}."
            if cuts
            else "None found.",
            folded=number > 1,
        )
        for number, page in enumerate(pages, start=1)
    ]


def axial_cuts(masks: Sequence[Volume]) -> tuple[Cut, ...]:
    """Give the axial planes through the voxels of some masks (over 0.5), superior ones first.

    They lie one voxel apart along the axis that runs closest to up and down, and through the centres of
    the voxels where that axis runs straight.
    """
    heights = [_heights(mask) for mask in masks]
    found = np.concatenate([each for each in heights if each.size] or [np.zeros(0)])
    if not found.size:
        return ()
    step = min(float(np.abs(mask.affine[2, :3]).max()) for mask in masks)
    index = np.unique(np.rint((found - found.min()) / step))
    return tuple(Cut("axial", float(height)) for height in (found.min() + step * index)[::-1])


def _heights(mask: Volume) -> NDArray[np.float64]:
    heights = np.argwhere(mask.data > 0.5) @ mask.affine[2, :3] + mask.affine[2, 3]
    return np.asarray(heights, dtype=np.float64)
