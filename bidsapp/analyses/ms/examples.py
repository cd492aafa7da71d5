"""An endless, reproducible stream of training examples, simulated and real."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from bidsapp.analyses.ms.channels import CONTRASTS, IMAGES, POST, PRIOR, encode, standardise
from bidsapp.analyses.ms.patients import Patient, examine_patient
from bidsapp.analyses.ms.pool import Pool
from bidsapp.simulate.sclerosis.anatomy import HealthyHead, show
from bidsapp.simulate.sclerosis.examination import Examination, Severity, examine
from bidsapp.simulate.sclerosis.normal import NormalContrast
from bidsapp.simulate.sclerosis.outlines import LesionMasks
from bidsapp.simulate.warp import random_points

Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""Input, lesion, active, change by contrast agent, brain; empty where the truth is not known."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which examples come at which step.

    Attributes
    ----------
    steps
        Examples in all.
    crop
        Edge of the cube that an example shows, in mm.
    keep
        Probability that a contrast which is there is shown.
    keep_prior
        The same for the earlier FLAIR.
    patient_share
        Share of examples from real patients, if there are any.
    background_share
        Share of simulated patients that are made on real scans (`HealthyHead.scans`), where there are any.
    alone
        Probability that a single contrast is shown.
    severity
        How ill simulated patients are.
    seed
        Of everything.
    """

    steps: int
    crop: int
    keep: float
    keep_prior: float
    patient_share: float
    seed: int
    background_share: float = 0.0
    alone: float = 0.0
    severity: Severity = field(default_factory=Severity)


class Examples(IterableDataset[Batch]):
    """The examples of every step from ``start`` on; the step alone decides what is drawn."""

    def __init__(
        self,
        heads: list[HealthyHead],
        patients: list[Patient],
        masks: LesionMasks | None,
        plan: Plan,
        start: int = 0,
        pool: Pool | None = None,
        backgrounds: Sequence[HealthyHead] = (),
        normal: NormalContrast | None = None,
    ) -> None:
        self.backgrounds, self.normal = backgrounds, normal
        self.heads = [*heads, *pool.heads] if pool is not None else heads
        self.patients, self.masks, self.pool = patients, masks, pool
        self.plan, self.start = plan, start

    def __iter__(self) -> Iterator[Batch]:
        """Yield one example for each step; several workers take turns."""
        worker = get_worker_info()
        turn, turns = (worker.id, worker.num_workers) if worker is not None else (0, 1)
        for step in range(self.start + turn, self.plan.steps, turns):
            rng = np.random.default_rng([self.plan.seed, step])
            yield self._encode(rng, self.draw(rng))

    def draw(self, rng: np.random.Generator) -> tuple[Examination, list[str]]:
        """Draw one examination, of a real patient or of a healthy head made ill, and which images show."""
        size = (self.plan.crop, self.plan.crop, self.plan.crop)
        if self.patients and (not self.heads or rng.random() < self.plan.patient_share):
            patient = self.patients[int(rng.integers(len(self.patients)))]
            if self.pool is not None:  # random numbers of its own: examples as scanned are those without it
                patient = self.pool.draw(rng.spawn(1)[0], patient)
            seen = examine_patient(rng, patient, _around(rng, patient, size))
            return seen, self._used(rng, seen.images)
        shown = self.backgrounds and rng.random() < self.plan.background_share
        heads = self.backgrounds if shown else self.heads
        head = heads[int(rng.integers(len(heads)))]
        centre = _inside(rng, head.tissue[1] > 127)
        points = random_points(rng, size, centre, scale=0.12, elastic=1.5)
        anatomy = show(head, points, sharpness=float(rng.uniform(1, 3)))
        used = self._used(rng, [*head.scans, PRIOR] if head.scans else IMAGES)
        return examine(rng, anatomy, self.masks, self.plan.severity, used, self.normal), used

    def _used(self, rng: np.random.Generator, there: Collection[str]) -> list[str]:
        """Choose which images show: at least one contrast."""
        contrasts = [name for name in CONTRASTS if name in there]
        alone = rng.random() < self.plan.alone
        used = [name for name in contrasts if not alone and rng.random() < self.plan.keep]
        used = used or [contrasts[int(rng.integers(len(contrasts)))]]
        if PRIOR in there and rng.random() < self.plan.keep_prior:
            used.append(PRIOR)
        return used

    def _encode(self, rng: np.random.Generator, drawn: tuple[Examination, list[str]]) -> Batch:
        seen, used = drawn
        empty = torch.zeros(0)
        flip = rng.random() < 0.5
        shown = encode(seen.images, seen.brain, used)
        change = empty
        if seen.post is not None and CONTRASTS[0] in used:
            change = standardise(seen.post, POST) * seen.brain - shown[0]
        lesion = seen.lesion if seen.lesion is not None else empty
        active = seen.active if seen.active is not None else empty
        known = seen.brain
        if seen.unsure is not None:
            known = known & ~seen.unsure
            lesion, active = lesion & known, active & known
        batch = (shown, lesion, active, change, known)
        return tuple(item.flip(-3) if flip and item.numel() else item for item in batch)  # type: ignore[return-value]


def _inside(rng: np.random.Generator, where: Tensor) -> Tensor:
    voxels = where.nonzero()
    return voxels[int(rng.integers(len(voxels)))].float()


def _around(rng: np.random.Generator, patient: Patient, size: tuple[int, int, int]) -> Tensor:
    """Place an example on a patient: in two of three around a lesion, if they are marked."""
    marked = patient.lesion is not None and bool(patient.lesion.any()) and rng.random() < 0.67
    where = patient.lesion if marked and patient.lesion is not None else patient.brain
    beside = torch.from_numpy((rng.uniform(-0.3, 0.3, 3) * np.array(size)).astype(np.float32))
    centre = _inside(rng, where) + beside * marked
    return random_points(rng, size, centre, scale=0.12, elastic=1.5)
