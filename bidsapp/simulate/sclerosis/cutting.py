"""Real lesions cut out of patients with what surrounds them, turned, scaled and mirrored a little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.simulate.fields import Array
from bidsapp.simulate.sclerosis.bank import SMALLEST_MM3
from bidsapp.simulate.sclerosis.patient import MarkedPatient, Tissue

Mask = NDArray[np.bool_]

SURROUND = 3


@dataclass(frozen=True, eq=False)
class Cutout:
    """A lesion in a box with ``SURROUND`` voxels on each side.

    Attributes
    ----------
    images
        By contrast, float32, shape ``(a, b, c)``.
    lesion
        Voxels of this lesion.
    valid
        Voxels whose values are of this lesion or of white matter: what may be pasted elsewhere.
    """

    images: dict[str, Array]
    lesion: Mask
    valid: Mask


def cut_lesions(patient: MarkedPatient, *, smallest: int = SMALLEST_MM3) -> tuple[Cutout, ...]:
    """Cut out each lesion (6-connected) of at least ``smallest`` mm3; a box ends where the image does."""
    lesions = patient.lesion.numpy()
    white = (patient.tissue.numpy() == Tissue.WM) & ~lesions
    labels, _ = ndimage.label(lesions)
    cutouts = []
    for index, found in enumerate(ndimage.find_objects(labels), start=1):
        box = tuple(slice(max(0, along.start - SURROUND), along.stop + SURROUND) for along in found)
        lesion = labels[box] == index
        if lesion.sum() >= smallest:
            images = {name: image.numpy()[box].copy() for name, image in patient.images.items()}
            cutouts.append(Cutout(images, lesion, lesion | white[box]))
    return tuple(cutouts)


def vary(rng: np.random.Generator, cutout: Cutout, *, degrees: float = 20, scale: float = 0.2) -> Cutout:
    """Turn a lesion about each axis, scale it by ``1 ± scale`` and mirror it, all contrasts alike.

    What comes from outside of the box is not valid. The box keeps ``SURROUND`` voxels around the lesion.
    """
    matrix = _linear(rng, degrees, scale)
    size = np.array(cutout.lesion.shape)
    reach = np.ceil(np.abs(np.linalg.inv(matrix)) @ size).astype(int)
    offset = (size - 1) / 2 - matrix @ ((reach - 1) / 2)

    def move(volume: NDArray[np.generic], order: int) -> Array:
        moved: Array = ndimage.affine_transform(
            np.asarray(volume, dtype=np.float32), matrix, offset, tuple(reach.tolist()), order=order
        )
        return moved

    lesion = move(cutout.lesion, 1) >= 0.5
    if not lesion.any():  # smaller than what interpolation keeps
        return cutout
    valid = (move(cutout.valid, 1) > 0.99) | lesion
    images = {name: move(image, 1) for name, image in cutout.images.items()}
    return _trim(Cutout(images, lesion, valid))


def _linear(rng: np.random.Generator, degrees: float, scale: float) -> NDArray[np.float64]:
    matrix = np.diag(rng.choice([-1.0, 1.0], 3) / rng.uniform(1 - scale, 1 + scale))
    for axis, angle in enumerate(np.radians(rng.uniform(-degrees, degrees, 3))):
        turn = np.eye(3)
        first, second = [other for other in range(3) if other != axis]
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return matrix


def _trim(cutout: Cutout) -> Cutout:
    found = ndimage.find_objects(cutout.lesion.astype(np.uint8))[0]
    box = tuple(slice(max(0, along.start - SURROUND), along.stop + SURROUND) for along in found)
    images = {name: image[box] for name, image in cutout.images.items()}
    return Cutout(images, cutout.lesion[box], cutout.valid[box])
