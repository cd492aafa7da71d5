"""Opens the images of one session once each, and says in a sentence what cannot be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bidsapp.findings import Map
from bidsapp.reports.layout import Layout, Tier
from bidsapp.reports.pictures import grey_window, to_grey, webp
from bidsapp.reports.scene import Scene
from bidsapp.reports.slices import Box, Cut, Volume, sample, world_box


class NotShownError(Exception):
    """A picture cannot be made; the text says why, for the report."""


@dataclass
class Album:
    """The images of a session, read lazily and kept while its report is made."""

    output_dir: Path
    scene: Scene
    layout: Layout
    tier: Tier
    _volumes: dict[Path, Volume] = field(default_factory=dict)
    _windows: dict[Path, tuple[float, float]] = field(default_factory=dict)
    _boxes: dict[str, Box] = field(default_factory=dict)
    _greys: dict[tuple[Path, Cut, float], str] = field(default_factory=dict)

    def volume(self, item: Map) -> Volume:
        """Read the image of a map; the first volume of a series.

        Raises
        ------
        NotShownError
            The file is missing or is no image.
        """
        import nibabel as nib
        from nibabel.filebasedimages import ImageFileError

        if item.path not in self._volumes:
            path = self.output_dir / item.path
            if not path.is_file():
                raise NotShownError(f"{item.title}: {item.path.name} is missing.")
            try:
                image = nib.load(path)
                data = np.asarray(image.dataobj, dtype=np.float32)
            except (ImageFileError, OSError, EOFError, ValueError) as error:
                reason = str(error).replace(f"{path.parent}/", "")
                raise NotShownError(f"{item.title}: {item.path.name} cannot be read ({reason}).") from error
            data = data.reshape(*data.shape[:3], -1)[..., 0] if data.ndim > 3 else data
            if data.ndim != 3:
                raise NotShownError(f"{item.title}: {item.path.name} is not a 3-D image.")
            affine = np.asarray(image.affine, dtype=np.float64)
            self._volumes[item.path] = Volume(np.nan_to_num(data), affine)
        return self._volumes[item.path]

    def window(self, item: Map) -> tuple[float, float]:
        """Give the grey window of an image."""
        if item.path not in self._windows:
            percentiles = self.layout.mosaic.grey_percentiles
            self._windows[item.path] = grey_window(self.volume(item).data, percentiles)
        return self._windows[item.path]

    def box(self, space: str) -> Box:
        """Give the part of a space that pictures show: the brain mask's extent, or the image's.

        Raises
        ------
        NotShownError
            There is no image in the space, or it is empty.
        """
        if space not in self._boxes:
            self._boxes[space] = self._find_box(space)
        return self._boxes[space]

    def _find_box(self, space: str) -> Box:
        mask, backdrop = self.scene.mask(space), self.scene.backdrop_in(space)
        for item in (mask, backdrop):
            if item is None:
                continue
            try:
                volume = self.volume(item)
            except NotShownError:
                if item is backdrop:
                    raise
                continue
            level = 0.5 if item is mask else 0.15 * self.window(item)[1]
            box = world_box(volume.data > level, volume.affine, margin=self.layout.mosaic.margin_mm)
            if box:
                return box
        raise NotShownError(f"There is no image to draw on in space '{space or 'of the subject'}'.")

    def grey(self, item: Map, cut: Cut, box: Box, pixel: float | None = None) -> str:
        """Give a plane as a grey picture (data URI), with pixels of ``pixel`` mm or the tier's."""
        pixel = pixel or self.tier.pixel_mm
        key = (item.path, cut, pixel)
        if key not in self._greys:
            plane = sample(self.volume(item), cut, box, pixel)
            self._greys[key] = webp(to_grey(plane, self.window(item)), self.tier.quality)
        return self._greys[key]
