"""Lays a scan of low resolution on the anatomy: atlas and tissues come to it, its maps go back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813

    from bidsapp.images.templates import Atlas
    from bidsapp.images.volume import Grid, Volume


@dataclass(frozen=True)
class Anatomy:
    """The rigid way between a scan and the reference image of its session.

    Attributes
    ----------
    own, reference
        Grids of the scan and of the reference image.
    matrix
        Shape ``(4, 4)``: points of the reference image to points of the scan, RAS millimetres.
    standard_to_native
        Points of the reference image to points of the template.
    notes
        A sentence where the alignment is in doubt.
    """

    own: Grid
    reference: Grid
    matrix: NDArray[np.float64]
    standard_to_native: sitk.Transform
    notes: tuple[str, ...] = ()

    def here(self, path: Path) -> NDArray[np.float32]:
        """Bring an image of the reference's grid onto the scan's."""
        from bidsapp.images.grids import resample
        from bidsapp.images.volume import read_volume

        return resample(read_volume(path), self.own, transform=self._back()).data

    def atlas(self) -> tuple[Atlas, NDArray[np.int64]]:
        """Give the atlas, and its labels on the grid of the scan."""
        from bidsapp.images.grids import resample
        from bidsapp.images.templates import load_atlas
        from bidsapp.images.transforms import compose

        atlas = load_atlas(2)
        way = compose([self._back(), self.standard_to_native])
        labels = resample(atlas.labels, self.own, interpolation="nearest", transform=way)
        return atlas, np.rint(labels.data).astype(np.int64)

    def place(self, data: NDArray[np.floating]) -> Volume:
        """Bring a map of the scan onto the grid of the reference image."""
        from bidsapp.images.grids import resample
        from bidsapp.images.transforms import matrix_to_itk
        from bidsapp.images.volume import Volume

        volume = Volume(np.ascontiguousarray(data, dtype=np.float32), self.own.affine)
        return resample(volume, self.reference, transform=matrix_to_itk(self.matrix))

    def write(self, data: NDArray[np.floating], path: Path) -> Path:
        """Write :meth:`place`."""
        from bidsapp.images.volume import write_volume

        return write_volume(path, self.place(data))

    def _back(self) -> sitk.Transform:
        from bidsapp.images.transforms import matrix_to_itk

        return matrix_to_itk(np.asarray(np.linalg.inv(self.matrix)))


def read_anatomy(inputs: Any, mean: Volume) -> Anatomy:
    """Align the mean image of a scan with the reference image.

    Parameters
    ----------
    inputs
        Of a node: ``reference``, ``mask`` and ``standard_to_native`` are files.
    mean
        Average of the realigned frames.
    """
    from bidsapp.images.bold import signal_mask
    from bidsapp.images.rigid import align_rigid
    from bidsapp.images.transform_file import read_transform
    from bidsapp.images.volume import read_volume

    reference, mask = (read_volume(Path(item)) for item in (inputs.reference, inputs.mask))
    matrix = align_rigid(reference, mean, fixed_mask=mask).matrix
    found = Anatomy(mean.grid, reference.grid, matrix, read_transform(Path(inputs.standard_to_native)))
    brain = found.here(Path(inputs.mask)) > 0.5
    covered = float((signal_mask(mean).data[brain] > 0.5).mean()) if brain.any() else 0.0
    inside = brain.sum() * mean.voxel_volume / max(float((mask.data > 0.5).sum() * mask.voxel_volume), 1e-6)
    share = covered * min(float(inside), 1.0)
    if share >= COVERED:
        return found
    note = f"after alignment it covers only {share:.0%} of the brain; look whether it lies on the anatomy"
    return Anatomy(found.own, found.reference, matrix, found.standard_to_native, (note,))


COVERED = 0.8
"""Least share of the brain that a scan of the whole head covers."""
