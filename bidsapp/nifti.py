"""The one place where a NIfTI file of others is opened: its header is judged before a voxel is unpacked.

A header of 348 bytes can promise terabytes, a gzip file of a megabyte can hold a gigabyte, a link can lead
to a pipe. So memory is given out only for what the file can truly hold, and no more is unpacked than the
header promises and a little.
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from bidsapp.errors import BadDataError, InputOutputError, NoInputError
from bidsapp.limits import (
    BOMB_BYTES,
    BOMB_RATIO,
    DEFLATE_RATIO,
    EXTENSION_BYTES,
    IMAGE_OFFSET,
    IMAGE_TAIL,
    IMAGE_VOXELS,
    MEBIBYTE,
)
from bidsapp.reading import check_plain

_NIFTI1, _NIFTI2 = 348, 540
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True)
class ImageFile:
    """An open file: its bytes as they unpack, and the most that there can be of them."""

    path: Path
    stream: BinaryIO
    stored: int
    packed: bool

    @property
    def most(self) -> int:
        """Most bytes that the file can unpack to."""
        return self.stored * (DEFLATE_RATIO if self.packed else 1)


@contextmanager
def open_image(path: Path) -> Iterator[ImageFile]:
    """Open a plain or gzip-compressed file, and turn what can go wrong while it is read into one sentence.

    Raises
    ------
    NoInputError
        No such file, a dangling link, a folder, a pipe, or no permission.
    BadDataError
        Empty, truncated or corrupt.
    InputOutputError
        The disk or network failed.
    """
    try:
        check_plain(path)
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            stored = raw.seek(0, io.SEEK_END)
            raw.seek(0)
            if packed:
                with gzip.open(raw) as stream:
                    yield ImageFile(path, io.BufferedReader(stream), stored, packed)
            else:
                yield ImageFile(path, raw, stored, packed)
    except (FileNotFoundError, IsADirectoryError, PermissionError, NotADirectoryError) as error:
        raise NoInputError(
            f"{path} cannot be opened ({error.strerror}); restore it or exclude it."
        ) from error
    except _BROKEN as error:
        raise BadDataError(f"{path} is truncated or corrupt ({error}); copy it again.") from error
    except OSError as error:
        raise InputOutputError(f"{path} could not be read ({error.strerror or error}).") from error


def read_header(image: ImageFile) -> nib.Nifti1Header:
    """Parse a NIfTI-1 or NIfTI-2 header in either byte order, and hold it against the size of the file.

    Returns
    -------
    header
        Of real numbers in a sound shape, with no more voxels than the file can hold.

    Raises
    ------
    BadDataError
        One sentence that names the file, the fault and the remedy.
    """
    path = image.path
    head = image.stream.read(_NIFTI1)
    if not head:
        raise BadDataError(f"{path} is empty; copy it again.")
    try:
        header = _parse(head, image.stream, path)
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
    check_promise(header, image)
    return header


def read_bytes_of_voxels(image: ImageFile, header: nib.Nifti1Header) -> bytes:
    """Read what the header promises, and find out that the file ends there; the stream is behind the header.

    Raises
    ------
    BadDataError
        The file holds less, or much more, than its header promises, or its checksum is wrong.
    """
    path, stream, size = image.path, image.stream, promised_bytes(header)
    skip = int(header["vox_offset"]) - int(header.sizeof_hdr)
    if len(stream.read(max(skip, 0))) < skip:
        raise BadDataError(f"{path} is truncated (no voxels); copy it again.")
    raw = stream.read(size)
    if len(raw) < size:
        raise BadDataError(f"{path} is truncated ({len(raw)} of {size} bytes of voxels); copy it again.")
    if len(stream.read(IMAGE_TAIL + 1)) > IMAGE_TAIL:  # the end of a gzip stream carries its checksum
        raise BadDataError(f"{path} holds more than the {size} bytes that its header promises; correct it.")
    return raw


def read_grid(path: Path) -> tuple[tuple[int, int, int], NDArray[np.float64]]:
    """Give the shape and the affine (4 x 4, voxels to RAS millimetres) that the header of a file states.

    Raises
    ------
    BidsAppError
        The file cannot be opened, or its header is not to be believed.
    """
    with open_image(path) as image:
        header = read_header(image)
    x, y, z = (int(size) for size in header["dim"][1:4])
    try:
        return (x, y, z), np.asarray(header.get_best_affine(), dtype=np.float64)
    except (HeaderDataError, ValueError) as error:
        raise BadDataError(f"{path} has an unreadable orientation ({error}); convert it again.") from error


def read_extensions(image: ImageFile, header: nib.Nifti1Header) -> list[tuple[int, bytes]]:
    """Give code and beginning of each extension between header and voxels; the stream is behind the header.

    What does not follow the format (nifti1.h, ``nifti1_extension``) ends the list.
    """
    room = min(int(header["vox_offset"]) - int(header.sizeof_hdr), EXTENSION_BYTES)
    content = image.stream.read(max(room, 0))
    order = ">" if header.endianness == ">" else "<"
    found, place = [], 4
    while content[:1] not in (b"", b"\0") and place + 8 <= len(content):
        size, code = struct.unpack_from(f"{order}ii", content, place)
        if size < 8:
            break
        found.append((code, content[place + 8 : place + size]))
        place += size
    return found


def promised_bytes(header: nib.Nifti1Header) -> int:
    """Give the bytes of all voxels that a header claims."""
    count = int(header["dim"][0])
    return int(np.prod(header["dim"][1 : count + 1].astype(object))) * int(header.get_data_dtype().itemsize)


def check_type(header: nib.Nifti1Header, path: Path) -> None:
    """Accept real numbers only."""
    dtype = header.get_data_dtype()
    if dtype.names is not None or dtype.kind not in "iuf" or dtype.itemsize > 8:
        kind = "colour" if dtype.names is not None else str(dtype) if dtype.itemsize else "no known type of"
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
    if int(np.prod(np.asarray(sizes, dtype=object))) > IMAGE_VOXELS:
        raise BadDataError(
            f"{path} claims {'x'.join(map(str, sizes))} voxels, more than a head; resample it."
        )
    if count < 3 or min(sizes[:3]) < 2:
        raise BadDataError(f"{path} is two-dimensional ({'x'.join(map(str, sizes))}); give a whole volume.")


def check_promise(header: nib.Nifti1Header, image: ImageFile) -> None:
    """Refuse a header that promises more than the file can hold, and a file that is no image but a bomb."""
    path, offset = image.path, float(header["vox_offset"])
    if not int(header.sizeof_hdr) <= offset <= IMAGE_OFFSET:
        raise BadDataError(f"{path} has an unreadable header (vox_offset {offset:g}); convert it again.")
    size = promised_bytes(header)
    if offset + size > image.most:
        raise BadDataError(
            f"{path} is truncated (its header promises {size} bytes of voxels, {image.stored} are stored); "
            "copy it again."
        )
    if size > BOMB_BYTES and size > BOMB_RATIO * image.stored:
        raise BadDataError(
            f"{path} would unpack to {size / MEBIBYTE:.0f} MiB from {image.stored / MEBIBYTE:.1f}, "
            "which no scan does; exclude it."
        )


def _parse(head: bytes, stream: BinaryIO, path: Path) -> nib.Nifti1Header:
    for order in "<>":
        size = int(np.frombuffer(head[:4], dtype=f"{order}i4")[0]) if len(head) == _NIFTI1 else 0
        if size == _NIFTI2:
            rest = stream.read(_NIFTI2 - _NIFTI1)
            return nib.Nifti2Header(head + rest, endianness=order, check=False)
        if size == _NIFTI1 and head[344:347] in (b"n+1", b"ni1"):
            return nib.Nifti1Header(head, endianness=order, check=False)
    raise BadDataError(f"{path} is not a NIfTI image; convert it (dcm2niix) or exclude it.")
