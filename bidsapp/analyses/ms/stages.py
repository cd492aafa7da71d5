"""The stages of a training: simulated patients first, then real ones mixed in; each goes on when killed."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.analyses.ms.options import Options
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BadDataError, NothingSelectedError
from bidsapp.files import digest_json
from bidsapp.images.grids import resample
from bidsapp.images.templates import template_grid
from bidsapp.images.transform_file import read_transform

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bidsapp.analyses.ms.patients import Patient
    from bidsapp.simulate.sclerosis.anatomy import HealthyHead
    from bidsapp.simulate.sclerosis.outlines import LesionMasks

_LOG = logging.getLogger(__name__)
LESION = "lesion"
_WARMUP = 50


@dataclass(frozen=True, eq=False)
class Material:
    """What a stage learns from."""

    heads: tuple[HealthyHead, ...]
    patients: tuple[Patient, ...]
    outlines: LesionMasks | None

    def without(self, subjects: frozenset[str]) -> Material:
        """Leave patients out; their outlines too, which are in the order of the patients that have some."""
        kept = tuple(item for item in self.patients if item.subject not in subjects)
        return Material(self.heads, kept, self.outlines.without(subjects) if self.outlines else None)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One fitting: how many steps, how fast, from which share of real patients."""

    steps: int
    learning_rate: float
    patient_share: float
    seed: int


def run_stage(
    network: nn.Module, stage: Stage, material: Material, options: Options, folder: Path, device: str
) -> nn.Module:
    """Fit a network and give the one with averaged weights; goes on where a killed one stopped.

    The folder of the checkpoints is named after all that decides the result, voxels of images and masks
    too: a training with a mask that was mended begins anew.

    Raises
    ------
    BadDataError
        There is nobody to learn from.
    """
    from torch.utils.data import DataLoader

    from bidsapp.analyses.ms.examples import Examples, Plan
    from bidsapp.analyses.ms.pool import Pool, make_pool
    from bidsapp.analyses.ms.training import Learner
    from bidsapp.learning.fitting import Schedule, fit
    from bidsapp.learning.lesion_loss import TaskWeights
    from bidsapp.simulate.sclerosis.examination import Severity

    if stage.steps == 0:
        return network
    if not material.heads and not material.patients:
        raise BadDataError(
            "The recipe asks for a stage of simulated patients ('steps'), which needs healthy controls; name "
            "them with --controls, or set steps = 0."
        )
    plan = Plan(
        steps=stage.steps,
        crop=options.crop,
        keep=options.keep,
        keep_prior=options.keep_prior,
        patient_share=stage.patient_share,
        seed=stage.seed,
        severity=Severity(
            healthy=options.healthy_share,
            real_outlines=options.real_outlines,
            some_active=options.some_active,
        ),
    )
    weights = TaskWeights(
        lesion=options.weight_lesion, active=options.weight_active, post=options.weight_post
    )
    heads, patients = list(material.heads), list(material.patients)
    learned = options.task_weights == "learned"

    def pool_of() -> Pool | None:
        """Make the pool where a step is left to do."""
        if not patients or not options.augmentations:
            return None
        return make_pool(patients, material.outlines, options, folder, seed=stage.seed, device=device)

    learner = fit(
        Learner(network, weights, learned=learned, examples=stage.steps),
        lambda model, batch: model(batch),
        lambda step: DataLoader(
            Examples(heads, patients, material.outlines, plan, step, pool_of()),
            batch_size=1,
            num_workers=options.workers,
        ),
        Schedule(
            steps=stage.steps,
            learning_rate=stage.learning_rate,
            final_rate=options.final_rate,
            average=options.average,
            warmup=_WARMUP,
            checkpoint_steps=options.checkpoint_steps,
        ),
        folder / _name(network, stage, material, options),
        device=device,
        seed=stage.seed,
    )
    assert isinstance(learner, Learner)
    if learner.balance is not None:
        _LOG.info("learned weights of the tasks: %s", learner.balance.weights())
    return learner.network


def read_material(
    healthy: Sequence[Member],
    patients: Sequence[Member],
    folder: Path,
    more: Mapping[str, Tensor] | None = None,
    *,
    augmented: bool = False,
) -> Material:
    """Read healthy heads (kept in ``folder``) and patients, and move the patients' masks to MNI space.

    ``more`` holds lesion masks of further patients (MNI, 1 mm, grid of the template), by subject. The heads
    of patients are read where versions of them are wanted (``augmented``).
    """
    from bidsapp.analyses.ms.heads import read_head
    from bidsapp.analyses.ms.patients import read_patient

    heads = tuple(read_head(member, folder / "heads") for member in healthy)
    outlines = {member.subject: _outline(member) for member in patients if LESION in member.native}
    return Material(
        heads,
        tuple(read_patient(member, folder / "heads" if augmented else None) for member in patients),
        _stack({**outlines, **(more or {})}),
    )


def _stack(outlines: Mapping[str, Tensor]) -> LesionMasks | None:
    import numpy as np
    import torch

    from bidsapp.simulate.sclerosis.outlines import LesionMasks

    held = {name: mask for name, mask in outlines.items() if mask.any()}
    if not held:
        return None
    grid = template_grid(1)
    for name, mask in held.items():
        if tuple(mask.shape) != grid.shape:
            raise BadDataError(f"The lesion mask {name} is not on the grid of the template; resample it.")
    to_voxel = np.linalg.inv(grid.affine).astype(np.float32)
    return LesionMasks(tuple(held), tuple(held.values()), torch.from_numpy(to_voxel))


def _outline(member: Member) -> Tensor:
    import torch

    from bidsapp.analyses.ms.grid import read_mask

    if "native_to_standard" not in member.transforms:
        raise BadDataError(f"{member.name} has no transform to standard space; run participant again.")
    mask = read_mask(member.native[LESION])
    transform = read_transform(member.transforms["native_to_standard"])
    moved = resample(mask, template_grid(1), transform=transform, antialias=False)
    return torch.from_numpy((moved.data >= 0.5).astype("uint8"))


def _name(network: nn.Module, stage: Stage, material: Material, options: Options) -> str:
    outlines = material.outlines
    learned_from = [
        [_digest(item.t1w, item.tissue, item.region) for item in material.heads],
        [_digest(item.brain, item.lesion, item.active, item.post) for item in material.patients],
        [[name, _digest(image)] for item in material.patients for name, image in item.images.items()],
        [_digest(mask) for mask in outlines.masks] if outlines else [],
    ]
    first = _digest(*network.state_dict().values())
    return digest_json([repr(stage), repr(options), first, learned_from])[:16]


def _digest(*tensors: Tensor | None) -> str:
    found = hashlib.sha256()
    for item in tensors:
        found.update(b"none" if item is None else item.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def divide(cohort: Cohort, controls: str) -> tuple[list[Member], list[Member]]:
    """Tell healthy controls (who fulfil the query) from patients (who have masks or a post-contrast T1w).

    Raises
    ------
    BadDataError
        There is neither.
    NothingSelectedError
        The query fits nobody.
    """
    from bidsapp.analyses.ms.channels import POST
    from bidsapp.bids.controls import select
    from bidsapp.bids.masks import ACTIVE

    members = list(cohort.members)
    chosen = select([item.covariates for item in members], controls) if controls else [False] * len(members)
    healthy = [item for item, fits in zip(members, chosen, strict=True) if fits]
    if controls and not healthy:
        raise NothingSelectedError(
            f'--controls "{controls}" fits none of {len(members)} preprocessed sessions.'
        )
    teaching = {LESION, ACTIVE, POST}
    patients = [
        item for item, fits in zip(members, chosen, strict=True) if not fits and teaching & set(item.native)
    ]
    if not healthy and not patients:
        raise BadDataError(
            "There is nobody to learn from: no session has a lesion mask (--reference), none a post-contrast "
            "T1w, and --controls names no healthy controls."
        )
    return healthy, patients
