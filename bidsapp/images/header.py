"""Judge a NIfTI file by its header alone, before a byte of voxels is read: raw data may be hostile."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from bidsapp.errors import BadDataError, InputOutputError, NoInputError

MAX_VOXELS = 256_000_000
"""Largest image that is read: 0.4 mm isotropic over a head; 1 GB as float32."""
MAX_OFFSET = 64_000_000
VOXEL_SIZE = (0.1, 15.0)
FIELD_OF_VIEW = (80.0, 600.0)
_NIFTI1, _NIFTI2 = 348, 540
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)


@contextmanager
def open_image(path: Path) -> Iterator[BinaryIO]:
    """Open a plain or gzip-compressed file, and turn what can go wrong while it is read into one sentence.

    Raises
    ------
    NoInputError
        No such file, a dangling link, a folder, or no permission.
    BadDataError
        Empty, truncated or corrupt.
    InputOutputError
        The disk or network failed.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if packed:
                with gzip.open(raw) as stream:
                    yield io.BufferedReader(stream)
            else:
                yield raw
    except (FileNotFoundError, IsADirectoryError, PermissionError, NotADirectoryError) as error:
        raise NoInputError(
            f"{path} cannot be opened ({error.strerror}); restore it or exclude it."
        ) from error
    except _BROKEN as error:
        raise BadDataError(f"{path} is truncated or corrupt ({error}); copy it again.") from error
    except OSError as error:
        raise InputOutputError(f"{path} could not be read ({error.strerror or error}).") from error


def read_header(stream: BinaryIO, path: Path) -> nib.Nifti1Header:
    """Parse a NIfTI-1 or NIfTI-2 header in either byte order and check what can be checked without voxels.

    Returns
    -------
    header
        With a sound shape, voxel size, data type, extent and placement.

    Raises
    ------
    BadDataError
        One sentence that names the file, the fault and the remedy.
    """
    head = stream.read(_NIFTI1)
    if not head:
        raise BadDataError(f"{path} is empty; copy it again.")
    try:
        header = _parse(head, stream, path)
        if bytes(header["magic"])[:3] not in (b"n+1", b"n+2"):
            raise BadDataError(f"{path} is half of a header/image pair; convert it to one .nii.gz file.")
        header.get_data_dtype()
        header.get_slope_inter()
    except KeyError as error:
        raise BadDataError(f"{path} has voxels of an unknown type ({error}); convert it again.") from error
    except (HeaderDataError, WrapStructError) as error:
        raise BadDataError(f"{path} has an unreadable header ({error}); convert it again.") from error
    check_type(header, path)
    check_shape(header, path)
    check_voxel_size(header, path)
    return header


def _parse(head: bytes, stream: BinaryIO, path: Path) -> nib.Nifti1Header:
    for order in "<>":
        size = int(np.frombuffer(head[:4], dtype=f"{order}i4")[0]) if len(head) == _NIFTI1 else 0
        if size == _NIFTI2:
            rest = stream.read(_NIFTI2 - _NIFTI1)
            return nib.Nifti2Header(head + rest, endianness=order, check=False)
        if size == _NIFTI1 and head[344:347] in (b"n+1", b"ni1"):
            return nib.Nifti1Header(head, endianness=order, check=False)
    raise BadDataError(f"{path} is not a NIfTI image; convert it (dcm2niix) or exclude it.")


def check_type(header: nib.Nifti1Header, path: Path) -> None:
    """Accept real numbers only."""
    dtype = header.get_data_dtype()
    if dtype.names is not None or dtype.kind not in "iuf" or dtype.itemsize > 8:
        kind = "colour" if dtype.names is not None else str(dtype)
        raise BadDataError(f"{path} holds {kind} voxels; give a magnitude image of real numbers.")


def check_shape(header: nib.Nifti1Header, path: Path) -> None:
    """Accept three or four dimensions, more than one slice, and no more voxels than can be read."""
    dims = header["dim"].astype(np.int64)
    count = int(dims[0])
    sizes = [int(n) for n in dims[1 : count + 1]] if 1 <= count <= 7 else []
    if not sizes or min(sizes) < 1:
        raise BadDataError(f"{path} has an unreadable header (dim {dims.tolist()}); convert it again.")
    if max(sizes[4:], default=1) > 1:
        raise BadDataError(f"{path} has {count} dimensions; give an image of three (PET: four).")
    if int(np.prod(np.asarray(sizes, dtype=object))) > MAX_VOXELS:
        raise BadDataError(
            f"{path} claims {'x'.join(map(str, sizes))} voxels, more than a head; resample it."
        )
    if count < 3 or min(sizes[:3]) < 2:
        raise BadDataError(f"{path} is two-dimensional ({'x'.join(map(str, sizes))}); give a whole volume.")
    if not _NIFTI1 <= float(header["vox_offset"]) <= MAX_OFFSET:
        raise BadDataError(f"{path} has an unreadable header (vox_offset {header['vox_offset']}).")


def check_voxel_size(header: nib.Nifti1Header, path: Path) -> None:
    """Accept voxels and fields of view that a head can have; ``pixdim`` is in millimetres."""
    sizes = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))
    text = "x".join(f"{s:.4g}" for s in sizes)
    low, high = VOXEL_SIZE
    if not np.all(np.isfinite(sizes)) or sizes.min() < low or sizes.max() > high:
        raise BadDataError(f"{path} has voxels of {text} mm; correct the header (pixdim, units).")
    extent = sizes * np.asarray(header["dim"][1:4], dtype=np.float64)
    low, high = FIELD_OF_VIEW
    if extent.min() < low or extent.max() > high:
        text = "x".join(f"{e:.0f}" for e in extent)
        raise BadDataError(f"{path} covers {text} mm, which is no head; correct the header or exclude it.")


def choose_affine(header: nib.Nifti1Header, path: Path) -> tuple[NDArray[np.float64], list[str]]:
    """Choose between sform and qform.

    The sform is used where it places voxels of the size that the header states without shear; else the
    qform. Where both are there and differ by more than 1 mm or 1 degree a note says which was used.

    Returns
    -------
    affine
        Shape ``(4, 4)``, voxel indices to RAS millimetres.
    notes
        Warnings for the report.
    """
    candidates: dict[str, NDArray[np.float64]] = {}
    try:
        for name, form in (("sform", header.get_sform(coded=True)), ("qform", header.get_qform(coded=True))):
            if form[0] is not None:
                candidates[name] = np.asarray(form[0], dtype=np.float64)
    except (HeaderDataError, ValueError, np.linalg.LinAlgError) as error:
        raise BadDataError(f"{path} has an unreadable orientation ({error}); convert it again.") from error
    sound = {k: a for k, a in candidates.items() if np.all(np.isfinite(a)) and _volume(a) > 1e-3}
    if not candidates:
        raise BadDataError(f"{path} says nothing of its orientation (sform and qform 0); convert it again.")
    if not sound:
        raise BadDataError(f"{path} has a singular affine; correct the header or convert it again.")
    size = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))
    names = sorted(sound, key=lambda k: (not _is_rigid(sound[k], size), k != "sform"))
    affine = sound[names[0]]
    notes = [f"{k} is singular; {names[0]} was used" for k in candidates if k not in sound]
    if len(names) == 2:
        shift, turn = difference(affine, sound[names[1]], np.asarray(header["dim"][1:4]))
        if shift > 1.0 or turn > 1.0:
            notes.append(
                f"sform and qform disagree by {shift:.1f} mm and {turn:.1f} degrees; {names[0]} was used"
            )
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    low, high = VOXEL_SIZE
    if sizes.min() < low or sizes.max() > high:
        raise BadDataError(
            f"{path} has an affine with voxels of {np.round(sizes, 4).tolist()} mm; correct it."
        )
    return affine, notes


def difference(
    first: NDArray[np.float64], second: NDArray[np.float64], shape: NDArray[np.integer]
) -> tuple[float, float]:
    """Give the shift (mm) of the image's centre and the angle (degrees) between two affines."""
    centre = np.append((np.asarray(shape, dtype=np.float64) - 1) / 2, 1.0)
    shift = float(np.linalg.norm(((first - second) @ centre)[:3]))
    a, b = _rotation(first), _rotation(second)
    cosine = (np.trace(a.T @ b) - 1) / 2
    return shift, float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _rotation(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    left, _, right = np.linalg.svd(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))
    return np.asarray(left @ right, dtype=np.float64)


def _volume(affine: NDArray[np.float64]) -> float:
    return float(abs(np.linalg.det(affine[:3, :3])))


def _is_rigid(affine: NDArray[np.float64], size: NDArray[np.float64]) -> bool:
    columns = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    square = bool(np.allclose(columns.T @ columns, np.eye(3), atol=5e-3))
    return square and bool(np.allclose(np.linalg.norm(affine[:3, :3], axis=0), size, rtol=0.02))
