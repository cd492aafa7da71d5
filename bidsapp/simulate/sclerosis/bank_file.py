"""A bank of lesions as one npz file without pickled objects, small enough to be packaged."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.files import write_atomically
from bidsapp.simulate.sclerosis.bank import LesionBank, Mask


def save_bank(path: Path, bank: LesionBank) -> Path:
    """Write a bank of lesions; the same bank gives the same bytes.

    The boxes stand one after the other as bits, their sizes beside them.
    """
    sizes = np.array([shape.shape for shape in bank.shapes], dtype=np.int64)
    voxels = np.concatenate([shape.ravel() for shape in bank.shapes])
    return write_atomically(
        path,
        lambda stream: np.savez_compressed(
            stream,
            sizes=sizes,
            voxels=np.packbits(voxels),
            centres_mm=bank.centres_mm,
            patient=bank.patient,
            names=np.array(bank.names),
            prior=bank.prior,
            affine=bank.affine,
        ),
    )


def load_bank(path: Path) -> LesionBank:
    """Read what `save_bank` wrote.

    Raises
    ------
    BadDataError
        The file is corrupt, or no bank of lesions.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            return LesionBank(
                shapes=_unpack(held["voxels"], held["sizes"]),
                centres_mm=held["centres_mm"],
                patient=held["patient"],
                names=tuple(held["names"].tolist()),
                prior=held["prior"],
                affine=held["affine"],
            )
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BadDataError(
            f"{path} is no bank of lesions ({error}); make it again from the masks."
        ) from error


def _unpack(packed: NDArray[np.uint8], sizes: NDArray[np.int64]) -> tuple[Mask, ...]:
    ends = np.cumsum(sizes.prod(axis=1))
    voxels = np.unpackbits(packed, count=int(ends[-1])).astype(np.bool_)
    boxes = np.split(voxels, ends[:-1])
    return tuple(box.reshape(size) for box, size in zip(boxes, sizes.tolist(), strict=True))
