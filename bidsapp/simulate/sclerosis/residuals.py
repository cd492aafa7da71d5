"""What lesions add to healthy tissue: boxes of lesioned minus healed images, from which generators learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.errors import UsageError
from bidsapp.simulate.fields import Array
from bidsapp.simulate.sclerosis.bank import SMALLEST_MM3
from bidsapp.simulate.sclerosis.patient import MarkedPatient

Mask = NDArray[np.bool_]

MARGIN = 3
RIM = 2


def cut_residuals(sick: MarkedPatient, healed: MarkedPatient, *, side: int = 24) -> tuple[Array, Mask]:
    """Cut a box around each lesion of at least 3 mm3 that it holds with three voxels to spare.

    Parameters
    ----------
    sick, healed
        A patient and the healthy counterpart (`bidsapp.simulate.sclerosis.healing.Healing`).
    side
        Voxels of a box along each axis.

    Returns
    -------
    residuals
        Lesioned minus healed up to two voxels around the lesion, else 0; shape
        ``(lesions, contrasts, side, side, side)`` in the order of ``sick.images``.
    masks
        The lesions, in the middle of the boxes, shape ``(lesions, side, side, side)``.

    Raises
    ------
    UsageError
        The patients have different contrasts.
    """
    if list(sick.images) != list(healed.images):
        raise UsageError("the healed patient has other contrasts; heal the patient that is given.")
    change = np.stack([sick.images[name].numpy() - healed.images[name].numpy() for name in sick.images])
    labels, _ = ndimage.label(sick.lesion.numpy())
    residuals, masks = [np.zeros((0, len(change), *(side,) * 3), np.float32)], []
    for index, found in enumerate(ndimage.find_objects(labels), start=1):
        lesion = labels[found] == index
        if lesion.sum() < SMALLEST_MM3 or max(lesion.shape) > side - 2 * MARGIN:
            continue
        mask = centred(lesion, side)
        near = ndimage.binary_dilation(mask, iterations=RIM)
        corner = [along.start - (side - size) // 2 for along, size in zip(found, lesion.shape, strict=True)]
        residuals.append((_box_at(change, corner, side) * near)[None])
        masks.append(mask)
    return np.concatenate(residuals), np.array(masks, dtype=np.bool_).reshape(-1, side, side, side)


def centred(lesion: Mask, side: int) -> Mask:
    """Put a lesion into the middle of a box with ``side`` voxels along each axis."""
    before = [(side - size) // 2 for size in lesion.shape]
    after = [side - size - start for size, start in zip(lesion.shape, before, strict=True)]
    return np.pad(lesion, tuple(zip(before, after, strict=True)))


def _box_at(volumes: Array, corner: list[int], side: int) -> Array:
    """Cut a box that may reach beyond the volumes; there it is 0."""
    box = np.zeros((len(volumes), *(side,) * 3), np.float32)
    source, target = [slice(None)], [slice(None)]
    for start, size in zip(corner, volumes.shape[1:], strict=True):
        low, high = max(0, start), min(size, start + side)
        source.append(slice(low, high))
        target.append(slice(low - start, high - start))
    box[tuple(target)] = volumes[tuple(source)]
    return box
