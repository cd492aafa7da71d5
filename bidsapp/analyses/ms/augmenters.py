"""The augmentations that a recipe asks for, each ready with what it takes from the training patients."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from bidsapp.analyses.ms.channels import CONTRASTS
from bidsapp.analyses.ms.generator import fit_generator, gather
from bidsapp.analyses.ms.marked import Version, images_of, mark, version_of
from bidsapp.analyses.ms.options import Options
from bidsapp.analyses.ms.patients import Patient
from bidsapp.errors import BadDataError
from bidsapp.simulate.sclerosis.blending import CutAndBlend
from bidsapp.simulate.sclerosis.cutting import cut_lesions
from bidsapp.simulate.sclerosis.generated import GeneratedLesions
from bidsapp.simulate.sclerosis.healing import Healing
from bidsapp.simulate.sclerosis.patient import Augmentation, MarkedPatient

MOST = 10
"""Lesions that are added to a patient at most."""


@dataclass(frozen=True, eq=False)
class Augmenter:
    """An augmentation and the images it is shown; ``None`` for all that a patient has."""

    augmentation: Augmentation
    names: tuple[str, ...] | None = None

    def make(self, patient: Patient, prior: Tensor | None, count: int, seed: int) -> tuple[Version, ...]:
        """Make versions of a patient, each with random numbers of its own.

        Parameters
        ----------
        patient
            With lesion mask and head.
        prior
            Where lesions are likely in this head, shape ``(x, y, z)``.
        count
            How many.
        seed
            Of the training.
        """
        before = mark(patient, self.names or tuple(images_of(patient)), prior)
        own = zlib.crc32(f"{patient.subject} {type(self.augmentation).__name__}".encode())
        return tuple(
            version_of(patient, before, self.augmentation(np.random.default_rng([seed, own, number]), before))
            for number in range(count)
        )


def augmenters(
    patients: Sequence[Patient], options: Options, folder: Path, *, seed: int, device: str
) -> dict[str, Augmenter]:
    """Make ready the augmentations that a recipe asks for, by kind (`Options.augmentations`).

    Parameters
    ----------
    patients
        Those of the training with lesion mask and head; no other one has a part in an augmentation.
    options
        What is wanted.
    folder
        For the checkpoints of the generator.
    seed
        Of the generator.
    device
        Where it learns.

    Raises
    ------
    BadDataError
        The patients have no contrast in common, or no lesions to learn from.
    """
    ready = {}
    for kind in options.augmentations:
        if kind == "heal":
            ready[kind] = Augmenter(Healing())
            continue
        names = shared_images(patients)
        marked = (mark(patient, names) for patient in patients)  # one at a time: each is large
        if kind == "blend":
            cutouts = [cutout for patient in marked for cutout in cut_lesions(patient)]
            ready[kind] = Augmenter(CutAndBlend(cutouts, most=MOST), names)
        else:
            lessons = gather(_healed(marked, seed))
            source = fit_generator(lessons, options, folder, seed=seed, device=device)
            side = source.decoder.patch.side
            ready[kind] = Augmenter(GeneratedLesions(source, lessons.shapes, most=MOST, side=side), names)
    return ready


def shared_images(patients: Sequence[Patient]) -> tuple[str, ...]:
    """Give the images that all patients have: lesions of one can be shown in another in these alone.

    Raises
    ------
    BadDataError
        There is no contrast without contrast agent among them.
    """
    first = images_of(patients[0])
    shared = tuple(name for name in first if all(name in images_of(item) for item in patients))
    if not set(shared) & set(CONTRASTS):
        raise BadDataError(
            "The patients with lesion masks have no contrast in common: lesions of one cannot be shown "
            "in another; set blend_share and generated_share to 0 in the recipe."
        )
    return shared


def _healed(patients: Iterator[MarkedPatient], seed: int) -> Iterator[tuple[MarkedPatient, MarkedPatient]]:
    for number, patient in enumerate(patients):
        yield patient, Healing()(np.random.default_rng([seed, number]), patient)
