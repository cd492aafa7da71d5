"""Cut and blend: real lesions of one patient become lesions of another, without a seam.

A lesion and the white matter around it give their differences between voxels, the place where they come to
lie gives the level (Pérez et al. 2003); all contrasts of the patient change at the same voxels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.errors import UsageError
from bidsapp.simulate.sclerosis.cutting import Cutout, vary
from bidsapp.simulate.sclerosis.patient import MarkedPatient, Tissue
from bidsapp.simulate.sclerosis.placing import Box, draw_place, ground_of
from bidsapp.simulate.sclerosis.poisson import differences, reached, solve, stronger

Mask = NDArray[np.bool_]

RIM = 2


@dataclass(frozen=True)
class CutAndBlend:
    """Paste some real lesions into a patient.

    Parameters
    ----------
    cutouts
        Lesions of patients, see `bidsapp.simulate.sclerosis.cutting.cut_lesions`.
    most
        1 to this many are pasted; one for which no place is found is left out.
    mixed
        Take at each place the stronger of both differences, so that the patient's own structure goes on
        below the lesion.
    degrees, scale
        How much a lesion is turned and scaled.
    """

    cutouts: Sequence[Cutout]
    most: int = 3
    mixed: bool = False
    degrees: float = 20.0
    scale: float = 0.2

    def __call__(self, rng: np.random.Generator, patient: MarkedPatient) -> MarkedPatient:
        """Give the patient with more lesions.

        Raises
        ------
        UsageError
            No lesion was cut from images of all contrasts that the patient has.
        """
        fitting = [cutout for cutout in self.cutouts if patient.images.keys() <= cutout.images.keys()]
        if not fitting:
            raise UsageError(
                f"no lesion to blend has all of {', '.join(patient.images)}; give patients with these."
            )
        for _ in range(rng.integers(1, self.most + 1)):
            cutout = fitting[int(rng.integers(len(fitting)))]
            cutout = vary(rng, cutout, degrees=self.degrees, scale=self.scale)
            ground = ground_of(patient)
            box = draw_place(rng, ground, cutout.lesion) if ground is not None else None
            if box is not None:
                patient = blend(patient, cutout, box, mixed=self.mixed)
        return patient


def blend(patient: MarkedPatient, cutout: Cutout, box: Box, *, mixed: bool = False) -> MarkedPatient:
    """Paste a lesion into a box of a patient.

    Parameters
    ----------
    patient
        All of its contrasts are in the cutout.
    cutout
        The lesion and its surround.
    box
        Where to, of the cutout's shape, wholly in the image.
    mixed
        See `CutAndBlend`.

    Returns
    -------
    MarkedPatient
        With the lesion wherever there is no fluid and nothing outside of the brain. White matter up to two
        voxels around it is changed too; all else is not.
    """
    tissue, lesions = patient.tissue.numpy()[box], patient.lesion.numpy()[box]
    solid = (tissue == Tissue.WM) | (tissue == Tissue.GM)
    lesion = cutout.lesion & solid & ~lesions
    around = ndimage.binary_dilation(lesion, iterations=RIM) & cutout.valid & (tissue == Tissue.WM)
    inside = lesion | (around & ~lesions)
    known = (tissue == Tissue.WM) & ~lesions & ~inside
    inside &= reached(inside, known)
    images = np.stack([image.numpy()[box] for image in patient.images.values()])
    guide = differences(np.stack([cutout.images[name] for name in patient.images]), cutout.valid)
    if mixed:
        guide = stronger(guide, differences(images, inside | known))
    blended = torch.from_numpy(solve(images, guide, inside, known))
    changed = {name: image.clone() for name, image in patient.images.items()}
    for image, part in zip(changed.values(), blended, strict=True):
        image[box] = part
    mask = patient.lesion.clone()
    mask[box] |= torch.from_numpy(lesion & inside)
    return replace(patient, images=changed, lesion=mask)
