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
