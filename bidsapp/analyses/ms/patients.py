"""Real patients as training examples: their images and masks on the working grid, bent and degraded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bidsapp.analyses.ms.channels import POST
from bidsapp.analyses.ms.grid import read_images, read_mask, work_space
from bidsapp.analyses.ms.heads import read_head
from bidsapp.bids.masks import none_active
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.images.grids import resample
from bidsapp.images.volume import read_volume
from bidsapp.simulate.sclerosis.acquisition import Degradation, draw_degradation, scan
from bidsapp.simulate.sclerosis.anatomy import sample_channels
from bidsapp.simulate.sclerosis.examination import Examination

if TYPE_CHECKING:
    from bidsapp.analyses.ms.grid import WorkSpace
    from bidsapp.simulate.sclerosis.anatomy import HealthyHead

LESION, ACTIVE = "lesion", "active"
MOSTLY = 0.5
"""Least share of a mask that must lie in the brain: with less, it was drawn on another image."""


@dataclass(frozen=True, eq=False)
class Patient:
    """A patient on the working grid, shape ``(x, y, z)``; what nobody marked or scanned is ``None``.

    ``images`` (white matter = 1, zero outside of the brain), ``brain``, ``lesion``, ``active``, ``post``.
    ``head`` holds T1w, tissues, regions and MNI positions on the same grid, as of a healthy head but with the
    lesions still in it; only augmentations need it (`bidsapp.analyses.ms.marked`).
    """

    subject: str
    images: dict[str, Tensor]
    brain: Tensor
    lesion: Tensor | None
    active: Tensor | None
    post: Tensor | None
    head: HealthyHead | None = None


def read_patient(member: Member, heads: Path | None = None) -> Patient:
    """Read a preprocessed session and the masks that belong to it (``native`` keys ``lesion``, ``active``).

    Where the tables say that no lesion enhances, that is known without a mask.

    Parameters
    ----------
    member
        The session.
    heads
        Folder for heads that are ready to use (`bidsapp.analyses.ms.heads.read_head`); without it, or where
        the session lacks a T1w, ``head`` is ``None``.

    Raises
    ------
    BadDataError
        It has no contrast at all, or a mask that cannot be read or does not meet the brain.
    """
    space = work_space(member)
    brain = torch.from_numpy(space.mask.data >= 0.5)
    images = {name: torch.from_numpy(item.data) * brain for name, item in read_images(member, space).items()}
    post = member.native.get(POST)
    return Patient(
        subject=member.subject,
        images=images,
        brain=brain,
        lesion=_mask(member, LESION, space),
        active=torch.zeros_like(brain) if none_active(member) else _mask(member, ACTIVE, space),
        post=torch.from_numpy(space.bring(read_volume(post)).data) * brain if post else None,
        head=read_head(member, heads) if heads is not None and "T1w" in member.native else None,
    )


def examine_patient(rng: np.random.Generator, patient: Patient, points: Tensor) -> Examination:
    """Sample a patient where an example's voxels lie, and degrade the images as a scanner could have.

    Parameters
    ----------
    rng
        Source of randomness.
    patient
        Who.
    points
        Voxel coordinates, shape ``(*size, 3)``.
    """
    extra = [item for item in (patient.lesion, patient.active, patient.post) if item is not None]
    stack = torch.stack([patient.brain.float(), *patient.images.values(), *(item.float() for item in extra)])
    brain, *rest = sample_channels(stack, points)
    inside = brain >= 0.5
    names = list(patient.images)
    looks = {name: _draw_look(rng, name) for name in names}
    images = {name: looks[name].show(rng, item) * inside for name, item in zip(names, rest, strict=False)}
    others = iter(rest[len(names) :])
    lesion = next(others) >= 0.5 if patient.lesion is not None else None
    active = next(others) >= 0.5 if patient.active is not None else None
    post = next(others) * inside if patient.post is not None else None
    if post is not None and "T1w" in looks:
        post = looks["T1w"].rescale(post)
    return Examination(images, inside, lesion, active, post)


@dataclass(frozen=True)
class Look:
    """How an example changes an image: grey values by gamma and level, in half of them the quality too."""

    gamma: float
    quality: Degradation

    def show(self, rng: np.random.Generator, image: Tensor) -> Tensor:
        """Change an image (white matter = 1)."""
        return scan(rng, image.clamp_min(0) ** self.gamma, self.quality)

    def rescale(self, image: Tensor) -> Tensor:
        """Change the grey values alone: the truth after contrast agent stays on the scale of the T1w."""
        return image.clamp_min(0) ** self.gamma * self.quality.level


def _draw_look(rng: np.random.Generator, name: str) -> Look:
    gamma = float(np.exp(rng.normal(0, 0.15)))
    if rng.random() < 0.5:
        return Look(gamma, Degradation(level=float(np.exp(rng.normal(0, 0.04)))))
    drawn = draw_degradation(rng, name)
    return Look(gamma, replace(drawn, noise=drawn.noise / 2, shift=(0.0, 0.0, 0.0)))


def _mask(member: Member, key: str, space: WorkSpace) -> Tensor | None:
    path = member.native.get(key)
    if path is None:
        return None
    drawn = read_mask(path)
    inside = resample(space.mask, drawn.grid, interpolation="nearest").data[drawn.data > 0]
    if inside.size and inside.mean() < MOSTLY:
        raise BadDataError(
            f"Only {inside.mean():.0%} of {path} lies in the brain of {member.name}; draw it on the "
            "session's preprocessed images, or on the raw image that the others are aligned with."
        )
    return torch.from_numpy((space.bring(drawn).data >= 0.5) & (space.mask.data >= 0.5))
