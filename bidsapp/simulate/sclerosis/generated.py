"""Generated lesions: a real shape at a likely place, with the residual that a generator draws for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from bidsapp.errors import UsageError
from bidsapp.simulate.fields import Array
from bidsapp.simulate.sclerosis.patient import MarkedPatient, Tissue
from bidsapp.simulate.sclerosis.placing import Box, draw_place, ground_of
from bidsapp.simulate.sclerosis.residuals import MARGIN, centred

Mask = NDArray[np.bool_]


class Generator(Protocol):
    """Draws what a lesion of a given mask adds to each contrast."""

    def __call__(self, rng: np.random.Generator, lesion: Mask) -> Mapping[str, Array]:
        """Give by contrast an array of the shape of ``lesion``."""


@dataclass(frozen=True)
class GeneratedLesions:
    """Add some generated lesions to a patient.

    Parameters
    ----------
    generator
        Draws the residuals.
    shapes
        Boxes of real lesions (`bidsapp.simulate.sclerosis.bank.LesionBank.shapes`); the large ones that do
        not fit into ``side`` are not used.
    most
        1 to this many are added; one for which no place is found is left out.
    side
        Voxels of the generator's box along each axis.
    """

    generator: Generator
    shapes: Sequence[Mask]
    most: int = 10
    side: int = 24

    def __post_init__(self) -> None:
        if not any(self._fits(shape) for shape in self.shapes):
            raise UsageError(f"no lesion of the bank fits into a box of {self.side} voxels; give others.")

    def __call__(self, rng: np.random.Generator, patient: MarkedPatient) -> MarkedPatient:
        """Give the patient with more lesions.

        Raises
        ------
        UsageError
            The generator does not draw all contrasts that the patient has.
        """
        for _ in range(rng.integers(1, self.most + 1)):
            lesion = centred(_turned(rng, self._draw_shape(rng)), self.side)
            ground = ground_of(patient)
            box = draw_place(rng, ground, lesion) if ground is not None else None
            if box is not None:
                patient = add_lesion(patient, lesion, self.generator(rng, lesion), box)
        return patient

    def _draw_shape(self, rng: np.random.Generator) -> Mask:
        while True:
            shape = self.shapes[int(rng.integers(len(self.shapes)))]
            if self._fits(shape):
                return shape

    def _fits(self, shape: Mask) -> bool:
        return bool(max(shape.shape) <= self.side - 2 * MARGIN)


def add_lesion(
    patient: MarkedPatient, lesion: Mask, residual: Mapping[str, Array], box: Box
) -> MarkedPatient:
    """Add a residual to the white and grey matter in a box, and the lesion to the mask.

    Parameters
    ----------
    patient
        Has a healthy brain there.
    lesion
        Shape of the box.
    residual
        By contrast, shape of the box.
    box
        Where to, wholly in the image.

    Raises
    ------
    UsageError
        A contrast of the patient is missing in the residual.
    """
    missing = [name for name in patient.images if name not in residual]
    if missing:
        raise UsageError(f"the generator of lesions draws no {missing[0]}; train it with all contrasts.")
    tissue = patient.tissue[box]
    solid = (tissue == Tissue.WM) | (tissue == Tissue.GM)
    images = {name: image.clone() for name, image in patient.images.items()}
    for name, image in images.items():
        image[box] += torch.from_numpy(np.ascontiguousarray(residual[name])) * solid
    mask = patient.lesion.clone()
    mask[box] |= torch.from_numpy(lesion) & solid
    return replace(patient, images=images, lesion=mask)


def _turned(rng: np.random.Generator, shape: Mask) -> Mask:
    """Mirror along random axes and exchange axes: exact, so that the volume stays."""
    flips = tuple(np.flatnonzero(rng.integers(0, 2, 3)).tolist())
    return np.flip(shape.transpose(rng.permutation(3)), flips)
