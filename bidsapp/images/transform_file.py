"""Transforms on disk, in ITK's HDF5 layout, so that ANTs, SimpleITK, Slicer and ITK-SNAP read them.

Written with h5py instead of ITK because ITK stamps times and the kernel's version into the file, which makes
the bytes of every run differ, and stores fields uncompressed (26 MB where this takes 5 MB).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError, NoInputError
from bidsapp.files import write_error
from bidsapp.images.transforms import LINEAR_DECIMALS

if TYPE_CHECKING:
    import h5py
    import SimpleITK as sitk  # noqa: N813

_STEP = 1024.0
_CHUNK = 1 << 18


def write_transform(path: Path, transform: sitk.Transform) -> Path:
    """Write a composite of linear transforms and displacement fields as ``.h5``, atomically.

    Displacements are rounded to 1/1024 mm, linear maps to ten decimals; the same transform gives the same
    bytes.

    Raises
    ------
    CannotWriteError, InputOutputError
        The folder does not admit writing; the disk is full.
    """
    import h5py

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".xfm-", dir=path.parent) as folder:
            temporary = Path(folder) / "transform.h5"
            with h5py.File(temporary, "w") as file:
                _write_content(file, transform)
            os.replace(temporary, path)
    except OSError as error:
        raise write_error(path, error) from error
    return path


def read_transform(path: Path) -> sitk.Transform:
    """Read a transform in any of ITK's formats.

    Raises
    ------
    NoInputError
        No such file.
    BadDataError
        ITK cannot read it.
    """
    import SimpleITK as sitk  # noqa: N813

    if not path.is_file():
        raise NoInputError(f"{path} does not exist; run the anatomical steps again.")
    try:
        return sitk.ReadTransform(str(path))
    except RuntimeError as error:
        raise BadDataError(f"{path} is no ITK transform; delete it and run again.") from error


def _write_content(file: h5py.File, transform: sitk.Transform) -> None:
    for name, text in (("ITKVersion", "5.4"), ("HDFVersion", "1.12"), ("OSName", "-"), ("OSVersion", "-")):
        _put_text(file, name, text)
    group = file.create_group("TransformGroup")
    _put_text(group.create_group("0"), "TransformType", "CompositeTransform_double_3_3")
    for number, part in enumerate(_parts(transform), start=1):
        _write_part(group.create_group(str(number)), part)


def _write_part(group: h5py.Group, part: sitk.Transform) -> None:
    fixed = np.asarray(part.GetFixedParameters(), dtype=np.float64)
    if part.IsLinear():
        kind, values = "AffineTransform", _linear_parameters(part)
        fixed = np.zeros(3)
        group["TransformParameters"] = values
    else:
        kind = "DisplacementFieldTransform"
        values = np.rint(np.asarray(part.GetParameters(), dtype=np.float64) * _STEP) / _STEP
        chunk = (min(values.size, _CHUNK),)
        group.create_dataset(
            "TransformParameters",
            data=values,
            chunks=chunk,
            compression="gzip",
            compression_opts=6,
            shuffle=True,
        )
    group["TransformFixedParameters"] = fixed
    _put_text(group, "TransformType", f"{kind}_double_3_3")


def _parts(transform: sitk.Transform) -> list[sitk.Transform]:
    import SimpleITK as sitk  # noqa: N813

    if transform.GetName() != "CompositeTransform":
        return [transform]
    composite = sitk.CompositeTransform(transform)
    return [composite.GetNthTransform(n) for n in range(composite.GetNumberOfTransforms())]


def _linear_parameters(part: sitk.Transform) -> NDArray[np.float64]:
    origin = np.asarray(part.TransformPoint((0.0, 0.0, 0.0)))
    ends = np.stack([part.TransformPoint(row) for row in (np.eye(3) * 1000.0).tolist()])
    exact = np.concatenate([((ends - origin) / 1000.0).T.ravel(), origin])
    return np.asarray(np.round(exact, LINEAR_DECIMALS) + 0.0, dtype=np.float64)  # + 0: no negative zeros


def _put_text(group: h5py.Group, name: str, text: str) -> None:
    import h5py

    group.create_dataset(name, data=[text.encode("ascii")], dtype=h5py.string_dtype("ascii"))
