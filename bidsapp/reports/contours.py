"""Outlines of masks and label maps on the image that they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.findings import Display, Map
from bidsapp.reports.album import Album
from bidsapp.reports.mosaic import Figure, Paths, find_backdrop, focus_cuts, lay_tiles, name_of, spread_cuts
from bidsapp.reports.outlines import outline
from bidsapp.reports.slices import Box, Cut, Volume, sample

_SMALL = 0.02


@dataclass(frozen=True)
class Layer:
    """One mask with its name and colour."""

    name: str
    colour: str
    volume: Volume


def group_contours(maps: Sequence[Map], album: Album, display: Display = "contour") -> list[list[Map]]:
    """Put outlines together that lie on the same image and are shown alike."""
    groups: dict[tuple[str, str], list[Map]] = {}
    for item in maps:
        if item.display == display:
            groups.setdefault((album.scene.space(item), item.backdrop), []).append(item)
    return list(groups.values())


def draw_contours(maps: Sequence[Map], album: Album) -> Figure:
    """Draw the outlines of some masks and label maps of one space.

    Raises
    ------
    NotShownError
        A mask or the image below is missing.
    """
    backdrop, box = find_backdrop(maps[0], album)
    layers = make_layers(maps, album)

    def paths(cut: Cut) -> Paths:
        drawn = [
            (layer.colour, outline(sample(layer.volume, cut, box, album.tier.pixel_mm))) for layer in layers
        ]
        return tuple((colour, path) for colour, path in drawn if path)

    tiles = lay_tiles(backdrop, _cuts(layers, box, album), box, album, paths=paths)
    note = "" if any(tile.paths for tile in tiles) else "Nothing is outlined: the mask is empty."
    return Figure(
        kind="contour",
        title=", ".join(item.title for item in maps),
        top_name="outlines",
        base_name=name_of(backdrop),
        tiles=tiles,
        legend=tuple((layer.name, layer.colour) for layer in layers) if len(layers) > 1 else (),
        note=note,
    )


def make_layers(maps: Sequence[Map], album: Album) -> list[Layer]:
    """Give the masks in the order of drawing: label maps first, so that a mask's line lies on theirs."""
    masks = [
        mask for item in sorted(maps, key=lambda item: item.suffix != "dseg") for mask in _masks(item, album)
    ]
    colours = album.layout.colours.contour
    return [
        Layer(name, colours[index % len(colours)], volume)
        for index, (name, volume) in enumerate(reversed(masks))
    ][::-1]


def _masks(item: Map, album: Album) -> list[tuple[str, Volume]]:
    """Split a label map into named masks; one mask when it has too many labels."""
    volume = album.volume(item)
    if item.suffix != "dseg":
        return [(item.title, volume)]
    labels = [int(value) for value in np.unique(volume.data) if value > 0]
    if len(labels) > album.layout.mosaic.most_labels:
        return [(item.title, _mask_of(volume, volume.data > 0))]
    names = _label_names(item, album)
    order = {label: place for place, label in enumerate(names)}
    labels.sort(key=lambda label: (order.get(str(label), len(order)), label))
    return [
        (names.get(str(label), f"Label {label}"), _mask_of(volume, volume.data == label)) for label in labels
    ]


def _mask_of(volume: Volume, chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Volume:
    return Volume(chosen.astype(np.float32), volume.affine)


def _label_names(item: Map, album: Album) -> Mapping[str, str]:
    """Give names by value: those of the sidecar's ``LabelMap``, else those declared for such a map."""
    own = item.metadata.get("LabelMap")
    if isinstance(own, dict):
        return {str(value): str(name) for name, value in own.items()}
    if {"seg", "label"} & set(item.entities):
        return {}
    for known in album.layout.labels:
        if (known.suffix, known.desc) == (item.suffix, item.entities.get("desc", "")):
            return known.names
    return {}


def _cuts(layers: Sequence[Layer], box: Box, album: Album) -> list[Cut]:
    """Cut evenly for tissue and brain, through the content for small masks such as lesions."""
    contents = [layer.volume.data > 0.5 for layer in layers]
    if not contents or max(float(content.mean()) for content in contents) > _SMALL:
        return spread_cuts(box, album)
    return focus_cuts(layers[0].volume, contents[0], box, album)
