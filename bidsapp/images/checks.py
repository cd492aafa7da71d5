"""Read a raw image of unknown quality: refuse in one sentence, or mend and note."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.grids import unshear
from bidsapp.images.header import check_voxel_size
from bidsapp.images.orientation import choose_affine
from bidsapp.images.volume import Volume
from bidsapp.nifti import ImageFile, open_image, read_bytes_of_voxels, read_header

MAX_MISSING = 0.95
"""Largest share of voxels that may be NaN or infinite (some tools write NaN outside the brain)."""


def check_image(path: Path, *, may_be_zero: bool = False) -> tuple[Volume, list[str]]:
    """Read a three-dimensional image.

    A fourth dimension of one frame is dropped. Non-finite voxels become 0, with a note.

    Parameters
    ----------
    path
        ``.nii`` or ``.nii.gz``, NIfTI-1 or -2, either byte order.
    may_be_zero
        Take an image of zeros: the manual mask of a patient without lesions.

    Returns
    -------
    volume
        As stored (not reoriented), scaled by slope and intercept.
    notes
        Sentences for the report, without the file's name.

    Raises
    ------
    BadDataError
        The file cannot be used.
    NoInputError, InputOutputError
        The file cannot be opened or read.
    """
    frames, notes = check_series(path, may_be_zero=may_be_zero)
    if len(frames) > 1:
        raise BadDataError(f"{path} has {len(frames)} frames where one volume is expected; give their mean.")
    return frames[0], notes


def check_series(path: Path, *, may_be_zero: bool = False) -> tuple[tuple[Volume, ...], list[str]]:
    """Read an image of three or four dimensions (PET) as a tuple of frames; see :func:`check_image`."""
    with open_image(path) as image:
        header = read_header(image)
        check_voxel_size(header, path)
        affine, notes = choose_affine(header, path)
        voxels = _read_voxels(image, header)
    voxels, more = _mend(voxels, path, may_be_zero=may_be_zero)
    frames = tuple(Volume(np.ascontiguousarray(voxels[..., t]), affine) for t in range(voxels.shape[3]))
    notes += more
    if _is_sheared(affine):
        notes.append("the affine is sheared; the image was resampled onto a rectangular grid")
        frames = tuple(unshear(frame) for frame in frames)
    return frames, notes


def _read_voxels(image: ImageFile, header: nib.Nifti1Header) -> NDArray[np.float32]:
    shape = [int(n) for n in header["dim"][1:4]]
    count = int(header["dim"][4]) if int(header["dim"][0]) >= 4 else 1
    raw = read_bytes_of_voxels(image, header)
    values = np.frombuffer(raw, dtype=header.get_data_dtype()).reshape([*shape, count], order="F")
    slope, intercept = header.get_slope_inter()
    with np.errstate(over="ignore", invalid="ignore"):
        if slope is not None and (slope, intercept) != (1.0, 0.0):
            values = values * np.float64(slope) + np.float64(intercept or 0.0)
        return np.asarray(values, dtype=np.float32)


def _mend(
    voxels: NDArray[np.float32], path: Path, *, may_be_zero: bool
) -> tuple[NDArray[np.float32], list[str]]:
    notes = []
    bad = ~np.isfinite(voxels)
    missing = int(bad.sum())
    if missing > MAX_MISSING * voxels.size:
        raise BadDataError(f"{path} has {missing / voxels.size:.0%} voxels that are not finite; exclude it.")
    if missing:
        voxels = np.where(bad, np.float32(0), voxels)
        notes.append(f"{missing} voxels were not finite and became 0")
    for frame in range(voxels.shape[3]):
        low, high = float(voxels[..., frame].min()), float(voxels[..., frame].max())
        if low == high and not (may_be_zero and low == 0):
            what = "all zeros" if low == 0 else f"constant ({low:g})"
            where = f" in frame {frame + 1}" if voxels.shape[3] > 1 else ""
            raise BadDataError(f"{path} is {what}{where}; exclude it or export it again.")
    return voxels, notes


def _is_sheared(affine: NDArray[np.float64]) -> bool:
    columns = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return not bool(np.allclose(columns.T @ columns, np.eye(3), atol=1e-3))
