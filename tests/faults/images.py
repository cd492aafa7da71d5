"""Ways to break the T1w image of one subject, or its sidecar; each leaves the file's name as it was."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np

Header = nib.Nifti1Header
Harm = Callable[[Path], object]


def read(path: Path) -> tuple[np.ndarray, np.ndarray, Header]:
    """Give data, affine and a copy of the header."""
    image = nib.load(path)
    return np.asarray(image.dataobj), image.affine, image.header.copy()


def write(path: Path, data: np.ndarray, affine: np.ndarray | None, header: Header | None = None) -> None:
    """Write data with an affine; an image that nibabel has open is read before."""
    image = nib.Nifti1Image(data, affine, header)
    image.header.set_data_dtype(data.dtype)
    path.write_bytes(gzip.compress(image.to_bytes(), mtime=0))


def with_data(change: Callable[[np.ndarray], np.ndarray]) -> Harm:
    """Change the voxels, keep the header."""

    def harm(path: Path) -> None:
        data, affine, _ = read(path)
        write(path, change(data), affine)

    return harm


def with_bytes(change: Callable[[bytearray], bytes | bytearray]) -> Harm:
    """Change the bytes of the NIfTI file under the compression."""

    def harm(path: Path) -> None:
        path.write_bytes(gzip.compress(bytes(change(bytearray(gzip.decompress(path.read_bytes())))), mtime=0))

    return harm


def with_field(name: str, value: object) -> Harm:
    """Set one field of the header, unchecked; a tuple of (index, value) sets one element."""

    def harm(path: Path) -> None:
        raw = gzip.decompress(path.read_bytes())
        header = Header(raw[:348], check=False)
        if isinstance(value, dict):
            for index, item in value.items():
                header[name][index] = item
        else:
            header[name] = value
        path.write_bytes(gzip.compress(header.binaryblock + raw[348:], mtime=0))

    return harm


def both(*harms: Harm) -> Harm:
    """Do one harm after the other."""

    def harm(path: Path) -> None:
        for one in harms:
            one(path)

    return harm


def cut(path: Path) -> None:
    """Keep the first half of the compressed file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip(path: Path) -> None:
    """Corrupt bytes in the middle of the compressed stream."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    path.write_bytes(bytes(content))


def flip_checksum(path: Path) -> None:
    """Corrupt the checksum at the end of the compressed file."""
    content = bytearray(path.read_bytes())
    content[-8] ^= 0xFF
    path.write_bytes(bytes(content))


def replace(content: bytes) -> Harm:
    """Put other bytes in place of the file."""
    return lambda path: path.write_bytes(content)


def dangle(path: Path) -> None:
    """Put a link to nowhere in place of the file, as a DataLad dataset without content has."""
    path.unlink()
    path.symlink_to("../../.git/annex/objects/nothing.nii.gz")


def loop(path: Path) -> None:
    """Put a link to itself in place of the file."""
    path.unlink()
    path.symlink_to(path.name)


def folder(path: Path) -> None:
    """Put a folder in place of the file."""
    path.unlink()
    path.mkdir()


def forbid(path: Path) -> None:
    """Take away the permission to read."""
    os.chmod(path, 0)


def remove(path: Path) -> None:
    """Leave the subject without its image."""
    path.unlink()


def sidecar(content: bytes) -> Harm:
    """Write these bytes as the sidecar of the image."""
    return lambda path: sidecar_of(path).write_bytes(content)


def sidecar_of(path: Path) -> Path:
    """Give the path of the sidecar."""
    return path.with_name(path.name.replace(".nii.gz", ".json"))


def uncompress(path: Path) -> None:
    """Replace ``.nii.gz`` by ``.nii``."""
    path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
    path.unlink()


def noise(path: Path) -> None:
    """Keep the grid, lose the head."""
    data, affine, _ = read(path)
    write(path, np.random.default_rng(0).normal(200, 20, data.shape).astype(np.int16), affine)


def disagree(path: Path) -> None:
    """Move the qform by 40 mm and turn it against the sform."""
    data, affine, _ = read(path)
    image = nib.Nifti1Image(data, affine)
    other = affine.copy()
    other[:3, :3] = np.diag([-1, -1, 1]) @ affine[:3, :3]
    other[:3, 3] += 40
    image.set_sform(affine, code=1)
    image.set_qform(other, code=1)
    path.write_bytes(gzip.compress(image.to_bytes(), mtime=0))
