"""A patient as the augmentations of training take and give one: all lesions marked, all tissues known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from torch import Tensor


class Tissue(IntEnum):
    """Values of `MarkedPatient.tissue`."""

    OUTSIDE = 0
    GM = 1
    WM = 2
    CSF = 3


@dataclass(frozen=True, eq=False)
class MarkedPatient:
    """Images of one head on one grid of 1 mm, axes towards right, anterior, superior.

    Attributes
    ----------
    images
        By contrast (``"FLAIR"``), float32, shape ``(x, y, z)``; standardised in the brain, zero outside.
    lesion
        Voxels of all lesions, bool, shape ``(x, y, z)``.
    tissue
        `Tissue` of each voxel, uint8, shape ``(x, y, z)``.
    prior
        How likely a lesion lies in each voxel, in any unit, float32, shape ``(x, y, z)``; without it all
        white matter is equally likely.
    """

    images: dict[str, Tensor]
    lesion: Tensor
    tissue: Tensor
    prior: Tensor | None = None


class Augmentation(Protocol):
    """Makes another patient from one; the given one is left as it is."""

    def __call__(self, rng: np.random.Generator, patient: MarkedPatient) -> MarkedPatient:
        """Give the changed patient, on the same grid and with the same contrasts."""
