"""From a mask to single lesions: connected parts, numbered by volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

MINIMUM_MM3 = 3.0
_CONNECTED_26 = np.ones((3, 3, 3), dtype=np.int8)


def find_instances(mask: Mask, voxel_mm3: float, *, minimum_mm3: float = MINIMUM_MM3) -> Labels:
    """Find the connected parts (26 neighbours) of a lesion mask, and number them.

    Lesions that have grown together are one lesion: no attempt is made to split them, since no scan
    at one time tells where one ends.

    Parameters
    ----------
    mask
        Shape ``(x, y, z)``.
    voxel_mm3
        Volume of a voxel.
    minimum_mm3
        Parts that are smaller are noise, and left out; 3 mm3 as in the MSSEG challenge (Commowick
        et al., 2018, Sci Rep 8:13650).

    Returns
    -------
    labels
        Same shape: 0 outside, 1 in the largest lesion, 2 in the next; equal volumes in the order of
        their first voxels.
    """
    found, count = ndimage.label(mask, structure=_CONNECTED_26)
    sizes = np.bincount(found.ravel(), minlength=count + 1)[1:]
    kept = np.flatnonzero(sizes * voxel_mm3 >= minimum_mm3 - 1e-6)
    order = kept[np.argsort(-sizes[kept], kind="stable")]
    number = np.zeros(count + 1, dtype=np.int32)
    number[order + 1] = np.arange(1, order.size + 1)
    return np.asarray(number[found], dtype=np.int32)


def sizes_of(labels: Labels) -> NDArray[np.int64]:
    """Count the voxels of lesions 1, 2, ..., shape ``(lesions,)``."""
    return np.asarray(np.bincount(labels.ravel(), minlength=1)[1:], dtype=np.int64)


def numbers_of(labels: Labels) -> NDArray[np.int64]:
    """Give 1, 2, ..., as many as there are lesions."""
    return np.arange(1, int(labels.max(initial=0)) + 1)
