"""Single lesions of a mask, and which of them share voxels: what every lesion-wise protocol starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Flags = NDArray[np.bool_]
Mask = NDArray[np.bool_ | np.integer | np.floating]
Connectivity = Literal[6, 18, 26]

_RANK: dict[Connectivity, int] = {6: 1, 18: 2, 26: 3}


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Voxels that the lesions of two masks share.

    Attributes
    ----------
    shared
        Voxels in both, shape ``(reference lesions, predicted lesions)``.
    reference, predicted
        Voxels of each lesion, shapes ``(reference lesions,)`` and ``(predicted lesions,)``.
    voxel_mm3
        Volume of a voxel.
    """

    shared: NDArray[np.int64]
    reference: NDArray[np.int64]
    predicted: NDArray[np.int64]
    voxel_mm3: float

    @property
    def transposed(self) -> Overlaps:
        """The same with the roles of the two masks exchanged."""
        return Overlaps(self.shared.T, self.predicted, self.reference, self.voxel_mm3)

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union of each pair, of the shape of ``shared``."""
        union = self.reference[:, None] + self.predicted[None, :] - self.shared
        return np.asarray(self.shared / union, dtype=np.float64)


def label_lesions(
    mask: Mask, *, connectivity: Connectivity, voxel_mm3: float, larger_than_mm3: float = 0.0
) -> NDArray[np.int32]:
    """Give each connected piece of a mask a number, from 1 on; 0 is no lesion.

    Parameters
    ----------
    mask
        Shape ``(x, y, z)``; voxels above 0.5 are lesion.
    connectivity
        6 (voxels that share a face), 18 (an edge) or 26 (a corner).
    voxel_mm3
        Volume of a voxel.
    larger_than_mm3
        Pieces of this volume or less are left out.
    """
    structure = ndimage.generate_binary_structure(3, _RANK[connectivity])
    labels, _ = ndimage.label(flag_lesions(mask), structure=structure)
    sizes = np.bincount(labels.ravel())
    # A volume that equals the limit but for rounding is not larger than it.
    kept = sizes * voxel_mm3 > larger_than_mm3 * (1 + 1e-6)
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return np.asarray(numbers[labels], dtype=np.int32)


def overlap_lesions(
    reference: Mask,
    predicted: Mask,
    *,
    connectivity: Connectivity,
    voxel_mm3: float,
    larger_than_mm3: float = 0.0,
) -> Overlaps:
    """Count the voxels that the lesions of two masks of one shape share; see :func:`label_lesions`.

    Raises
    ------
    ValueError
        The masks have different shapes.
    """
    check_shapes(reference, predicted)
    first, second = (
        label_lesions(
            mask, connectivity=connectivity, voxel_mm3=voxel_mm3, larger_than_mm3=larger_than_mm3
        ).ravel()
        for mask in (reference, predicted)
    )
    rows, columns = int(first.max(initial=0)) + 1, int(second.max(initial=0)) + 1
    either = (first > 0) | (second > 0)
    pairs = first[either].astype(np.int64) * columns + second[either]
    table = np.bincount(pairs, minlength=rows * columns).reshape(rows, columns)
    return Overlaps(table[1:, 1:], table[1:].sum(axis=1), table[:, 1:].sum(axis=0), voxel_mm3)


def flag_lesions(mask: Mask) -> Flags:
    """Tell which voxels are lesion: those above 0.5."""
    return np.asarray(np.asarray(mask) > 0.5, dtype=np.bool_)


def check_shapes(reference: Mask, predicted: Mask) -> None:
    """Refuse masks of different shapes.

    Raises
    ------
    ValueError
        The shapes differ.
    """
    if reference.shape != predicted.shape:
        raise ValueError(f"masks of shapes {reference.shape} and {predicted.shape} cannot be compared")
