"""The healthy counterpart of a patient: lesions are replaced by white matter as it is around them.

The level inside follows from the level around (harmonic interpolation), the grain is drawn from the patient's
normal-appearing white matter, at the same places in all contrasts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.simulate.fields import Array
from bidsapp.simulate.sclerosis.patient import MarkedPatient, Tissue
from bidsapp.simulate.sclerosis.poisson import differences, reached, solve
from bidsapp.simulate.sclerosis.texture import Texture, draw_texture, texture_of

Mask = NDArray[np.bool_]

MARGIN = 2
EDGE = 2
BLUR = 0.6


@dataclass(frozen=True)
class Healing:
    """Heal each lesion of a patient with a probability of ``share``.

    Parameters
    ----------
    share
        1 gives the healthy counterpart.
    margin
        Voxels around a lesion that are replaced with it.
    """

    share: float = 1.0
    margin: int = MARGIN

    def __call__(self, rng: np.random.Generator, patient: MarkedPatient) -> MarkedPatient:
        """Give the patient without the lesions drawn; a voxel of lesion becomes white matter."""
        labels, count = ndimage.label(patient.lesion.numpy())
        drawn = np.concatenate([[False], rng.random(count) < self.share])
        return heal(rng, patient, drawn[labels], margin=self.margin)


def heal(
    rng: np.random.Generator, patient: MarkedPatient, healed: Mask, *, margin: int = MARGIN
) -> MarkedPatient:
    """Replace some voxels of lesion, and ``margin`` voxels around them, by white matter.

    Parameters
    ----------
    rng
        Draws the grain.
    patient
        Has at least some white matter.
    healed
        Voxels of lesion that are to heal, shape ``(x, y, z)``.
    margin
        Width in voxels of what is replaced around; only white matter, and what directly touches the lesion
        but is not fluid.

    Returns
    -------
    MarkedPatient
        Its lesion mask lacks ``healed``; healed voxels are labelled white matter.
    """
    if not healed.any():
        return patient
    images = np.stack([image.numpy() for image in patient.images.values()])
    lesion, tissue = patient.lesion.numpy(), patient.tissue.numpy()
    hole = hole_around(healed, lesion & ~healed, tissue, margin)
    normal = (tissue == Tissue.WM) & ~lesion & ~hole
    filled = fill(rng, images, hole, normal, tissue)
    return replace(
        patient,
        images=dict(zip(patient.images, torch.from_numpy(filled).unbind(), strict=True)),
        lesion=torch.from_numpy(lesion & ~healed),
        tissue=torch.from_numpy(np.where(healed, np.uint8(Tissue.WM), tissue)),
    )


def hole_around(healed: Mask, other: Mask, tissue: NDArray[np.uint8], margin: int) -> Mask:
    """Give the voxels to replace: a lesion, its neighbours save fluid, and white matter within ``margin``."""
    near = healed
    if margin > 0:
        solid = (tissue == Tissue.WM) | (tissue == Tissue.GM)
        near = ndimage.binary_dilation(healed, mask=healed | solid)
    if margin > 1:
        white = near | (tissue == Tissue.WM)
        near = ndimage.binary_dilation(near, iterations=margin - 1, mask=white)
    return near & ~other


def fill(
    rng: np.random.Generator, images: Array, hole: Mask, normal: Mask, tissue: NDArray[np.uint8]
) -> Array:
    """Fill holes by the level of the normal voxels beside them and the texture of all normal ones.

    A hole without a normal voxel beside it takes the level of the grey matter there; where there is none
    either, of whatever is beside it. Filled voxels that touch fluid get a share of it, as in any scan.
    """
    texture = texture_of(images, normal)
    filled = images.copy()
    labels, _ = ndimage.label(hole)
    for index, found in enumerate(ndimage.find_objects(labels), start=1):
        box = _widened(found, hole.shape)
        within = (slice(None), *box)
        part = labels[box] == index
        known = _known(part, hole[box], normal[box], tissue[box])
        filled[within][:, part] = _fill_one(rng, images[within], part, known, texture)[:, part]
    beside = hole & ndimage.binary_dilation((tissue == Tissue.CSF) & ~hole)
    for image in filled:
        image[beside] = ndimage.gaussian_filter(image, BLUR, truncate=3)[beside]
    return filled


def _fill_one(rng: np.random.Generator, images: Array, part: Mask, known: Mask, texture: Texture) -> Array:
    grain = draw_texture(rng, texture, part.shape)
    return solve(images, differences(grain, np.ones_like(part)), part, known)


def _known(part: Mask, hole: Mask, normal: Mask, tissue: NDArray[np.uint8]) -> Mask:
    """Choose the voxels that give the level: normal ones if the hole touches any, else the next best."""
    grey = (tissue == Tissue.GM) & ~hole
    for known in (normal, grey):
        if reached(part, known).any():
            return known
    return ~hole


def _widened(box: tuple[slice, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(
        slice(max(0, along.start - EDGE), min(size, along.stop + EDGE))
        for along, size in zip(box, shape, strict=True)
    )
