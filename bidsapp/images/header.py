"""What the header of a head must say; whether it can be believed at all is judged in :mod:`bidsapp.nifti`."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.limits import IMAGE_DISTANCE

VOXEL_SIZE = (0.1, 15.0)
FIELD_OF_VIEW = (80.0, 600.0)


def check_voxel_size(header: nib.Nifti1Header, path: Path) -> None:
    """Accept voxels and fields of view that a head can have; ``pixdim`` is in millimetres.

    Raises
    ------
    BadDataError
        One sentence that names the file, the fault and the remedy.
    """
    sizes = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))
    text = "x".join(f"{s:.4g}" for s in sizes)
    low, high = VOXEL_SIZE
    if not np.all(np.isfinite(sizes)) or sizes.min() < low or sizes.max() > high:
        raise BadDataError(f"{path} has voxels of {text} mm; correct the header (pixdim, units).")
    _check_extent(sizes * np.asarray(header["dim"][1:4], dtype=np.float64), path)


def check_affine(affine: NDArray[np.float64], header: nib.Nifti1Header, path: Path) -> None:
    """Accept an affine that gives the image a head's size, at a place that a scanner can reach.

    Parameters
    ----------
    affine
        Finite, shape ``(4, 4)``, voxels to millimetres.
    header
        Of the image.
    path
        Of the file.

    Raises
    ------
    BadDataError
        One sentence that names the file, the fault and the remedy.
    """
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    low, high = VOXEL_SIZE
    if sizes.min() < low or sizes.max() > high:
        raise BadDataError(
            f"{path} has an affine with voxels of {np.round(sizes, 4).tolist()} mm; correct it."
        )
    _check_extent(sizes * np.asarray(header["dim"][1:4], dtype=np.float64), path)
    distance = float(np.abs(affine[:3, 3]).max())
    if distance > IMAGE_DISTANCE:
        raise BadDataError(f"{path} has an affine that places it {distance / 1000:.3g} m away; correct it.")


def _check_extent(extent: NDArray[np.float64], path: Path) -> None:
    low, high = FIELD_OF_VIEW
    if extent.min() < low or extent.max() > high:
        text = "x".join(f"{e:.0f}" for e in extent)
        raise BadDataError(f"{path} covers {text} mm, which is no head; correct the header or exclude it.")
