"""Lays an image that shows a head on the reference image of its session: maps go there, masks come."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume, read_volume, write_volume

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813

    from bidsapp.images.templates import Atlas

_SEEN = 0.5  # share of the brain that must lie in the image
_COVERED = 0.8  # share of the brain that a scan of the whole head shows with signal


@dataclass(frozen=True, eq=False)
class LaidOn:
    """An image that was aligned rigidly, by mutual information, with the reference image.

    Parameters
    ----------
    brain
        Mask of the session on the grid of the reference image.
    own_brain
        The same on the grid of the image.
    transform
        From points of the reference image to points of the image.
    """

    brain: Volume
    own_brain: Volume
    transform: sitk.Transform

    def here(self, path: Path) -> NDArray[np.float32]:
        """Bring an image of the reference's grid onto the image's."""
        from bidsapp.images.grids import resample

        return resample(read_volume(path), self.own_brain.grid, transform=self.transform.GetInverse()).data

    def atlas(self, standard_to_native: Path) -> tuple[Atlas, NDArray[np.int64]]:
        """Give the atlas, and its labels on the grid of the image.

        Parameters
        ----------
        standard_to_native
            File of the transform from points of the reference image to points of the template.
        """
        from bidsapp.images.grids import resample
        from bidsapp.images.templates import load_atlas
        from bidsapp.images.transform_file import read_transform
        from bidsapp.images.transforms import compose

        atlas = load_atlas(2)
        way = compose([self.transform.GetInverse(), read_transform(standard_to_native)])
        labels = resample(atlas.labels, self.own_brain.grid, interpolation="nearest", transform=way)
        return atlas, np.rint(labels.data).astype(np.int64)

    def on_reference(self, volume: Volume) -> Volume:
        """Sample a volume of the image's space on the grid of the reference image."""
        from bidsapp.images.grids import resample

        return resample(volume, self.brain.grid, transform=self.transform)

    def place(self, volume: Volume) -> Volume:
        """Sample as :meth:`on_reference` does; 0 outside the brain."""
        placed = self.on_reference(volume)
        return placed.with_data(placed.data * (self.brain.data > 0.5))

    def write(self, path: Path, volume: Volume) -> Path:
        """Place a volume and write it."""
        return write_volume(path, self.place(volume))

    def doubts(self, mean: Volume) -> list[str]:
        """Say so where the mean of a series shows too little of the brain, and may lie beside it."""
        from bidsapp.images.bold import signal_mask

        brain = self.own_brain.data > 0.5
        covered = float((signal_mask(mean).data[brain] > 0.5).mean()) if brain.any() else 0.0
        share = covered * min(_share_seen(self.brain, self.own_brain), 1.0)
        if share >= _COVERED:
            return []
        return [
            f"after alignment it covers only {share:.0%} of the brain; look whether it lies on the anatomy"
        ]


def lay_on(reference: Path, mask: Path, image: Volume) -> LaidOn:
    """Align an image with the reference image of its session.

    Raises
    ------
    BadDataError
        The two do not overlap, or the image shows less than half of the brain.
    """
    from bidsapp.images.grids import resample
    from bidsapp.images.rigid import align_rigid

    brain = read_volume(mask)
    transform = align_rigid(read_volume(reference), image, fixed_mask=brain).transform()
    own = resample(brain, image.grid, transform=transform.GetInverse())
    own = own.with_data(own.data > 0.5)
    seen = _share_seen(brain, own)
    if seen < _SEEN:
        raise BadDataError(f"it shows only {seen:.0%} of the brain; exclude it or mend its header.")
    return LaidOn(brain, own, transform)


def _share_seen(brain: Volume, own: Volume) -> float:
    """Give the share of the brain's volume that lies in the image."""
    whole = float((brain.data > 0.5).sum()) * brain.voxel_volume
    return float((own.data > 0.5).sum()) * own.voxel_volume / max(whole, 1e-6)
