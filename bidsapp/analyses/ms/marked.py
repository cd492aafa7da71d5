"""Between the patients of training and those that augmentations change; what is changed is kept, not all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bidsapp.analyses.ms.channels import LEVEL, POST, SPREAD
from bidsapp.analyses.ms.patients import Patient
from bidsapp.simulate.sclerosis.anatomy import STRIDE, HealthyHead, sample_channels
from bidsapp.simulate.sclerosis.patient import MarkedPatient, Tissue

GREY_AT_WHITE = 100


@dataclass(frozen=True, eq=False)
class Version:
    """A patient after an augmentation, as the voxels that differ: a hundredth of the whole images.

    Attributes
    ----------
    origin
        The patient as scanned.
    where
        Flat indices of the voxels that differ in any image or in the lesion mask, shape ``(n,)``.
    values
        Grey values there (white matter = 1) by image, also after contrast agent, shape ``(n,)``. Images that
        the augmentation did not see are no part of the version.
    lesion
        Lesion there, shape ``(n,)``.
    """

    origin: Patient
    where: Tensor
    values: dict[str, Tensor]
    lesion: Tensor

    def patient(self) -> Patient:
        """Give the whole patient.

        Where lesions have been added nobody knows which of them are active; a healed one is not.
        """
        origin = self.origin
        assert origin.lesion is not None
        lesion = self._put(origin.lesion, self.lesion)
        added = bool((lesion & ~origin.lesion).any())
        images = {
            name: self._put(image, self.values[name])
            for name, image in origin.images.items()
            if name in self.values
        }
        post = self.values.get(POST)
        return replace(
            origin,
            images=images,
            lesion=lesion,
            active=None if added or origin.active is None else origin.active & lesion,
            post=self._put(origin.post, post) if origin.post is not None and post is not None else None,
            head=None,
        )

    def healed_head(self) -> HealthyHead:
        """Give the head with all that has changed as white matter; sense only where lesions were healed."""
        head = self.origin.head
        assert head is not None
        t1w = (self.values["T1w"] * GREY_AT_WHITE).round().clamp(0, 255).to(torch.uint8)
        white = torch.tensor([0, 255, 0], dtype=torch.uint8)
        tissue = head.tissue.flatten(1).clone()
        tissue[:, self.where] = white[:, None]
        return replace(head, t1w=self._put(head.t1w, t1w), tissue=tissue.view_as(head.tissue))

    def _put(self, volume: Tensor, values: Tensor) -> Tensor:
        changed = volume.flatten().clone()
        changed[self.where] = values
        return changed.view_as(volume)


def images_of(patient: Patient) -> dict[str, Tensor]:
    """Give all images of a patient, the one after contrast agent too."""
    return patient.images if patient.post is None else {**patient.images, POST: patient.post}


def mark(patient: Patient, names: Collection[str], prior: Tensor | None = None) -> MarkedPatient:
    """Turn a patient with lesion mask and head into one that augmentations take, with these images.

    The images are in the units of the network's channels (0 at white matter) and 0 outside of the brain.
    """
    assert patient.lesion is not None
    assert patient.head is not None
    images = {
        name: (image - LEVEL) / SPREAD[name] * patient.brain
        for name, image in images_of(patient).items()
        if name in names
    }
    return MarkedPatient(images, patient.lesion, tissue_of(patient.head) * patient.brain, prior)


def version_of(patient: Patient, before: MarkedPatient, after: MarkedPatient) -> Version:
    """Keep what an augmentation has changed; ``before`` is the patient as `mark` gave it."""
    changed = before.lesion != after.lesion
    for name, image in before.images.items():
        changed |= image != after.images[name]
    where = changed.flatten().nonzero()[:, 0]
    values = {name: image.flatten()[where] * SPREAD[name] + LEVEL for name, image in after.images.items()}
    return Version(patient, where, values, after.lesion.flatten()[where])


def tissue_of(head: HealthyHead) -> Tensor:
    """Give the likeliest `Tissue` of each voxel, uint8; outside where it is none of them by half."""
    likeliest = (head.tissue.argmax(0) + int(Tissue.GM)).to(torch.uint8)
    return likeliest * (head.tissue.int().sum(0) >= 128)


def positions(head: HealthyHead) -> Tensor:
    """Give the MNI coordinates of each voxel in mm (RAS), shape ``(3, x, y, z)``."""
    axes = [torch.arange(size, dtype=torch.float32) for size in head.t1w.shape]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    return sample_channels(head.position, points / STRIDE, border=True)
