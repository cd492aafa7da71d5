"""Lays an image that shows a head on the reference image of its session, and brings maps after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume, read_volume, write_volume

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813

_SEEN = 0.5  # share of the brain that must lie in the image


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

    def place(self, volume: Volume) -> Volume:
        """Sample a volume of the image's space on the grid of the reference image; 0 outside the brain."""
        from bidsapp.images.grids import resample

        placed = resample(volume, self.brain.grid, transform=self.transform)
        return placed.with_data(placed.data * (self.brain.data > 0.5))

    def write(self, path: Path, volume: Volume) -> Path:
        """Place a volume and write it."""
        return write_volume(path, self.place(volume))


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
    seen = float(own.data.sum()) * own.voxel_volume
    whole = float((brain.data > 0.5).sum()) * brain.voxel_volume
    if seen < _SEEN * whole:
        raise BadDataError(f"it shows only {seen / whole:.0%} of the brain; exclude it or mend its header.")
    return LaidOn(brain, own, transform)
