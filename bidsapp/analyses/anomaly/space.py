"""The voxels that are analysed: where they lie, how maps become vectors, and smoothing among them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.images.volume import Grid, Volume

Vector = NDArray[np.float32]
_FWHM_TO_SIGMA = 1 / (2 * np.sqrt(2 * np.log(2)))


@dataclass(frozen=True, eq=False)
class Space:
    """A grid in standard space and the voxels of it that count as brain, ``mask`` of shape ``(x, y, z)``."""

    grid: Grid
    mask: NDArray[np.bool_]

    @property
    def voxels(self) -> int:
        """Number of analysed voxels."""
        return int(self.mask.sum())

    @cached_property
    def box(self) -> tuple[slice, slice, slice]:
        """The smallest box around the analysed voxels."""
        x, y, z = ndimage.find_objects(self.mask.astype(np.uint8))[0]
        return x, y, z

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel in millilitres."""
        return float(abs(np.linalg.det(self.grid.affine[:3, :3]))) / 1000.0

    def gather(self, image: NDArray[np.generic]) -> Vector:
        """Give the values of the analysed voxels, shape ``(voxels,)``."""
        return np.asarray(image[self.mask], dtype=np.float32)

    def scatter(self, values: NDArray[np.generic]) -> NDArray[np.float32]:
        """Put values back on the grid; 0 elsewhere."""
        image = np.zeros(self.grid.shape, dtype=np.float32)
        image[self.mask] = values
        return image

    def volume(self, values: NDArray[np.generic]) -> Volume:
        """Give the volume that holds the values."""
        return Volume(self.scatter(values), self.grid.affine)

    def smooth(self, values: Vector, fwhm_mm: float) -> Vector:
        """Smooth with a Gaussian that knows only the analysed voxels (normalised convolution)."""
        if fwhm_mm == 0:
            return values
        sigma = (fwhm_mm * _FWHM_TO_SIGMA / self.grid.voxel_size).tolist()
        inside = self.mask[self.box]
        image = np.zeros(inside.shape, dtype=np.float32)
        image[inside] = values
        smoothed = ndimage.gaussian_filter(image, sigma, truncate=3.0, mode="constant")[inside]
        weight = self._weight(tuple(sigma))
        return np.asarray(smoothed / weight, dtype=np.float32)

    def _weight(self, sigma: tuple[float, ...]) -> Vector:
        if sigma not in self._weights:
            inside = self.mask[self.box]
            weight = ndimage.gaussian_filter(inside.astype(np.float32), sigma, truncate=3.0, mode="constant")
            self._weights[sigma] = weight[inside]
        return self._weights[sigma]

    @cached_property
    def _weights(self) -> dict[tuple[float, ...], Vector]:
        return {}


def brain_of_controls(masks: NDArray[np.floating], coverage: float) -> NDArray[np.bool_]:
    """Give the largest connected part of the voxels that are brain in a share of the controls.

    Parameters
    ----------
    masks
        Mean of the controls' brain masks, shape ``(x, y, z)``, within 0-1.
    coverage
        That share.
    """
    labels, count = ndimage.label(masks >= coverage)
    if count == 0:
        return np.zeros(masks.shape, dtype=bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax(), dtype=bool)
