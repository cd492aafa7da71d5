"""A volume is an array with its place in the world; here it meets nibabel, SimpleITK and the disk.

Every other file of this room takes and gives :class:`Volume`, so that axis order and handedness
(nibabel: ``(x, y, z)``, RAS; SimpleITK: ``(z, y, x)``, LPS) are settled once.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import DTypeLike, NDArray

from bidsapp.errors import BadDataError
from bidsapp.files import write_atomically

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813

Interpolation = Literal["linear", "nearest"]

_LPS = np.diag([-1.0, -1.0, 1.0])
_GZIP_LEVEL = 6


@dataclass(frozen=True, eq=False)
class Grid:
    """Shape ``(x, y, z)`` and the 4x4 affine from voxel indices to RAS millimetres."""

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]

    @property
    def voxel_size(self) -> NDArray[np.float64]:
        """Edge lengths of a voxel in millimetres, shape ``(3,)``."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0), dtype=np.float64)

    def same_as(self, other: Grid, *, tolerance: float = 1e-3) -> bool:
        """Tell whether two grids have one shape and affines equal within ``tolerance`` (mm)."""
        return self.shape == other.shape and bool(np.allclose(self.affine, other.affine, atol=tolerance))


@dataclass(frozen=True, eq=False)
class Volume:
    """A three-dimensional image.

    Parameters
    ----------
    data
        Shape ``(x, y, z)``, C order, float32.
    affine
        Shape ``(4, 4)``, float64; voxel indices to RAS millimetres.
    """

    data: NDArray[np.float32]
    affine: NDArray[np.float64]

    @property
    def grid(self) -> Grid:
        """Shape and affine without the voxels."""
        x, y, z = self.data.shape
        return Grid((x, y, z), self.affine)

    @property
    def voxel_size(self) -> NDArray[np.float64]:
        """Edge lengths of a voxel in millimetres, shape ``(3,)``."""
        return self.grid.voxel_size

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel in millilitres."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    def with_data(self, data: NDArray[np.generic]) -> Volume:
        """Put other voxels of the same shape on the same grid."""
        return Volume(np.ascontiguousarray(data, dtype=np.float32), self.affine)


def read_volume(path: Path) -> Volume:
    """Read a file of our own making; raw data goes through :mod:`bidsapp.images.checks`.

    Raises
    ------
    BadDataError
        It is truncated, corrupt or no image.
    """
    try:
        image = nib.load(path)
        data = np.asarray(image.dataobj, dtype=np.float32)
    except (EOFError, zlib.error, gzip.BadGzipFile, ImageFileError) as error:
        raise BadDataError(f"{path} is truncated or corrupt ({error}); make or copy it again.") from error
    return Volume(np.ascontiguousarray(data), np.asarray(image.affine, dtype=np.float64))


def write_volume(path: Path, volume: Volume, *, dtype: DTypeLike = np.float32) -> Path:
    """Write NIfTI-1 atomically; the same voxels give the same bytes (no time stamp in gzip).

    Integer ``dtype`` rounds to the nearest and must hold the values. sform and qform carry code 1.
    """
    target = np.dtype(dtype)
    data = volume.data
    if np.issubdtype(target, np.integer):
        data = np.rint(data)
        limits = np.iinfo(target)
        if data.min() < limits.min or data.max() > limits.max:
            raise ValueError(f"values of {path.name} do not fit into {target}")
    image = nib.Nifti1Image(data.astype(target), volume.affine)
    image.set_sform(volume.affine, code=1)
    image.set_qform(volume.affine, code=1)
    image.header.set_xyzt_units("mm", "sec")
    content: bytes = image.to_bytes()
    if path.suffix == ".gz":
        content = gzip.compress(content, compresslevel=_GZIP_LEVEL, mtime=0)
    return write_atomically(path, lambda stream: stream.write(content))


def to_sitk(volume: Volume, *, dtype: DTypeLike = np.float32) -> sitk.Image:
    """Give the SimpleITK image that occupies the same place (LPS).

    Raises
    ------
    BadDataError
        The affine is sheared, which ITK's images cannot say.
    """
    import SimpleITK as sitk  # noqa: N813

    spacing = volume.voxel_size
    direction = volume.affine[:3, :3] / spacing
    if not np.allclose(direction.T @ direction, np.eye(3), atol=1e-3):
        raise BadDataError("the affine is sheared; resample the image onto a rectangular grid first.")
    left, _, right = np.linalg.svd(direction)
    image = sitk.GetImageFromArray(np.ascontiguousarray(volume.data.T.astype(dtype)))
    image.SetSpacing(spacing.tolist())
    image.SetOrigin((_LPS @ volume.affine[:3, 3]).tolist())
    image.SetDirection((_LPS @ (left @ right)).ravel().tolist())
    return image


def from_sitk(image: sitk.Image) -> Volume:
    """Give the volume of a SimpleITK image, back in RAS."""
    import SimpleITK as sitk  # noqa: N813

    direction = np.asarray(image.GetDirection(), dtype=np.float64).reshape(3, 3)
    affine = np.eye(4)
    affine[:3, :3] = _LPS @ direction @ np.diag(image.GetSpacing())
    affine[:3, 3] = _LPS @ np.asarray(image.GetOrigin())
    data = sitk.GetArrayFromImage(image).T
    return Volume(np.ascontiguousarray(data, dtype=np.float32), affine)
