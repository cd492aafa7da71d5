"""The stages of a training: simulated patients first, then real ones mixed in; each goes on when killed."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.analyses.ms.material import Material
from bidsapp.analyses.ms.options import Options
from bidsapp.errors import BadDataError
from bidsapp.files import digest_json

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.utils.data import DataLoader

    from bidsapp.analyses.ms.examples import Batch, Plan
    from bidsapp.learning.fitting import Schedule
    from bidsapp.learning.lesion_loss import TaskWeights

_LOG = logging.getLogger(__name__)
_WARMUP = 50


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
    from bidsapp.analyses.ms.training import Learner
    from bidsapp.learning.fitting import fit

    if stage.steps == 0:
        return network
    if not material.heads and not material.patients:
        raise BadDataError(
            "The recipe asks for a stage of simulated patients ('steps'), which needs healthy controls; name "
            "them with --controls, or set steps = 0."
        )
    learned = options.task_weights == "learned"
    learner = fit(
        Learner(network, _weights(options), learned=learned, examples=stage.steps),
        lambda model, batch: model(batch),
        lambda step: _batches(step, stage, material, options, folder, device),
        _schedule(stage, options),
        folder / _name(network, stage, material, options),
        device=device,
        seed=stage.seed,
    )
    assert isinstance(learner, Learner)
    if learner.balance is not None:
        _LOG.info("learned weights of the tasks: %s", learner.balance.weights())
    return learner.network


def _batches(
    step: int, stage: Stage, material: Material, options: Options, folder: Path, device: str
) -> DataLoader[Batch]:
    """Give the examples from a step on; the pool is made here, where a step is left to do."""
    from torch.utils.data import DataLoader

    from bidsapp.analyses.ms.examples import Examples
    from bidsapp.analyses.ms.pool import make_pool

    heads, patients, outlines = list(material.heads), list(material.patients), material.outlines
    pool = None
    if patients and options.augmentations:
        pool = make_pool(patients, outlines, options, folder, seed=stage.seed, device=device)
    examples = Examples(
        heads,
        patients,
        outlines,
        _plan(stage, options),
        step,
        pool,
        backgrounds=material.backgrounds,
        normal=material.normal,
    )
    return DataLoader(examples, batch_size=1, num_workers=options.workers)


def _name(network: nn.Module, stage: Stage, material: Material, options: Options) -> str:
    outlines = material.outlines
    learned_from = [
        [_digest(item.t1w, item.tissue, item.region) for item in material.heads],
        [_digest(item.brain, item.lesion, item.active, item.post) for item in material.patients],
        [[name, _digest(image)] for item in material.patients for name, image in item.images.items()],
        [_digest(mask) for mask in outlines.masks] if outlines else [],
        [_digest(item.t1w, item.unsure, *item.scans.values()) for item in material.backgrounds],
        _digest(*material.normal.deviations.values()) if material.normal else "",
    ]
    first = _digest(*network.state_dict().values())
    return digest_json([repr(stage), repr(options), first, learned_from])[:16]


def _digest(*tensors: Tensor | None) -> str:
    found = hashlib.sha256()
    for item in tensors:
        found.update(b"none" if item is None else item.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def _plan(stage: Stage, options: Options) -> Plan:
    from bidsapp.analyses.ms.examples import Plan
    from bidsapp.simulate.sclerosis.examination import Severity

    return Plan(
        steps=stage.steps,
        crop=options.crop,
        keep=options.keep,
        keep_prior=options.keep_prior,
        alone=options.alone,
        patient_share=stage.patient_share,
        background_share=options.background_share,
        seed=stage.seed,
        severity=Severity(
            healthy=options.healthy_share,
            real_outlines=options.real_outlines,
            some_active=options.some_active,
        ),
    )


def _weights(options: Options) -> TaskWeights:
    from bidsapp.learning.lesion_loss import TaskWeights

    return TaskWeights(lesion=options.weight_lesion, active=options.weight_active, post=options.weight_post)


def _schedule(stage: Stage, options: Options) -> Schedule:
    from bidsapp.learning.fitting import Schedule

    return Schedule(
        steps=stage.steps,
        learning_rate=stage.learning_rate,
        final_rate=options.final_rate,
        average=options.average,
        warmup=_WARMUP,
        checkpoint_steps=options.checkpoint_steps,
    )
