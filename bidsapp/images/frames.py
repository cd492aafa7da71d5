"""Images over time: one array with its place in the world, for what works on all frames at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.images.grids import to_closest_ras
from bidsapp.images.volume import Grid, Volume


@dataclass(frozen=True, eq=False)
class Frames:
    """Volumes of one grid, one after the other.

    Parameters
    ----------
    data
        Shape ``(x, y, z, t)``, float32.
    affine
        Shape ``(4, 4)``; voxel indices to RAS millimetres.
    """

    data: NDArray[np.float32]
    affine: NDArray[np.float64]

    @classmethod
    def stack(cls, volumes: Sequence[Volume]) -> Frames:
        """Put volumes of one grid one after the other."""
        return cls(np.stack([volume.data for volume in volumes], axis=-1), volumes[0].affine)

    def __len__(self) -> int:
        return int(self.data.shape[3])

    @property
    def grid(self) -> Grid:
        """Shape and affine of one frame."""
        x, y, z = self.data.shape[:3]
        return Grid((x, y, z), self.affine)

    def frame(self, index: int) -> Volume:
        """Give one frame."""
        return Volume(np.ascontiguousarray(self.data[..., index]), self.affine)

    def mean(self, weights: NDArray[np.float64] | None = None) -> Volume:
        """Average over time, weighted where ``weights`` (shape ``(t,)``) are given."""
        mean = np.average(self.data, axis=3, weights=weights)
        return Volume(np.ascontiguousarray(mean, dtype=np.float32), self.affine)

    def with_data(self, data: NDArray[np.generic]) -> Frames:
        """Put other frames on the same grid."""
        return Frames(np.asarray(data, dtype=np.float32), self.affine)

    def to_closest_ras(self) -> Frames:
        """Permute and flip axes, without interpolation, until they run closest to RAS."""
        return Frames.stack([to_closest_ras(self.frame(index)) for index in range(len(self))])
