"""The stages of a training: simulated patients first, then real ones mixed in; each goes on when killed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.analyses.ms.options import Options
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BadDataError
from bidsapp.files import digest_json
from bidsapp.images.grids import resample
from bidsapp.images.templates import template_grid
from bidsapp.images.transform_file import read_transform
from bidsapp.images.volume import Volume, read_volume

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from bidsapp.analyses.ms.patients import Patient
    from bidsapp.simulate.sclerosis.anatomy import HealthyHead
    from bidsapp.simulate.sclerosis.outlines import LesionMasks

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

    The folder of the checkpoints is named after all that decides the result.
    """
    from torch.utils.data import DataLoader

    from bidsapp.analyses.ms.examples import Examples, Plan
    from bidsapp.analyses.ms.pool import Pool, make_pool
    from bidsapp.analyses.ms.training import batch_loss
    from bidsapp.learning.fitting import Schedule, fit
    from bidsapp.learning.lesion_loss import TaskWeights
    from bidsapp.simulate.sclerosis.examination import Severity

    if stage.steps == 0:
        return network
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

    def pool_of() -> Pool | None:
        """Make the pool where a step is left to do."""
        if not patients or not options.augmentations:
            return None
        return make_pool(patients, material.outlines, options, folder, seed=stage.seed, device=device)

    return fit(
        network,
        lambda model, batch: batch_loss(model, batch, weights),
        lambda step: DataLoader(
            Examples(heads, patients, material.outlines, plan, step, pool_of()), batch_size=1, num_workers=1
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

    if "native_to_standard" not in member.transforms:
        raise BadDataError(f"{member.name} has no transform to standard space; run participant again.")
    drawn = read_volume(member.native[LESION])
    mask = Volume((drawn.data >= 0.5).astype("float32"), drawn.affine)
    transform = read_transform(member.transforms["native_to_standard"])
    moved = resample(mask, template_grid(1), transform=transform, antialias=False)
    return torch.from_numpy((moved.data >= 0.5).astype("uint8"))


def _name(network: nn.Module, stage: Stage, material: Material, options: Options) -> str:
    first = [_digest(value.detach().cpu().numpy()) for value in network.state_dict().values()]
    learned_from = [
        len(material.heads),
        [item.subject for item in material.patients],
        list(material.outlines.names) if material.outlines else [],
    ]
    return digest_json([repr(stage), repr(options), first, learned_from])[:16]


def _digest(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


def divide(cohort: Cohort, controls: str) -> tuple[list[Member], list[Member]]:
    """Tell healthy controls (who fulfil the query) from patients (who have masks or a post-contrast T1w).

    Raises
    ------
    BadDataError
        There is neither.
    """
    from bidsapp.analyses.ms.channels import POST
    from bidsapp.bids.controls import select
    from bidsapp.bids.masks import ACTIVE

    members = list(cohort.members)
    chosen = select([item.covariates for item in members], controls) if controls else [False] * len(members)
    healthy = [item for item, fits in zip(members, chosen, strict=True) if fits]
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
