"""What patients teach who were left out of the training: threshold, temperature, and how well it works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.ms.confidence import Candidates, pool_lesions
from bidsapp.learning.calibration.counts import LogitCounts, count_logits, near_lesions, pool
from bidsapp.learning.calibration.reliability import Reliability, measure_reliability
from bidsapp.learning.calibration.scaling import Scaling, fit_left_out, fit_scaling
from bidsapp.learning.uncertainty.abstaining import JudgedLesions, choose_limit

if TYPE_CHECKING:
    from torch import nn

    from bidsapp.analyses.ms.patients import Patient
    from bidsapp.learning.calibration.prior_shift import Prior

THRESHOLDS = np.arange(0.1, 0.91, 0.05)
EVEN = 0.5
ENOUGH = 5
"""Patients from whom threshold and limit are chosen: those of fewer follow how much disease they have."""


@dataclass(frozen=True, eq=False)
class LeftOut:
    """The voxels of one session by logit, whole brain and near lesions (5 mm), and its true load in ml.

    ``candidates`` are the voxels by place, from which single lesions are judged.
    """

    subject: str
    counts: LogitCounts
    near: LogitCounts
    load_ml: float
    candidates: Candidates | None = None


@dataclass(frozen=True, eq=False)
class Judged:
    """What left-out patients say of the network.

    Attributes
    ----------
    scaling
        Of the lesion logit.
    threshold
        Calibrated probability from which a voxel is lesion: the best mean Dice of at least five patients,
        else one half.
    dice
        By subject, with scaling and threshold of the others.
    reliability
        Near lesions, with the scaling of the others; ``None`` with fewer than two patients.
    """

    scaling: Scaling
    threshold: float
    dice: Mapping[str, float]
    reliability: Reliability | None


def predict_left_out(
    network: nn.Module,
    patient: Patient,
    *,
    window: int,
    device: str,
    flips: Sequence[bool] = (False,),
    prior: Prior | None = None,
) -> LeftOut:
    """Run a network on a patient that it has not learned from, with all contrasts that are there."""
    from bidsapp.analyses.ms.inference import infer
    from bidsapp.images.volume import Volume

    assert patient.lesion is not None
    brain, truth = patient.brain.numpy(), patient.lesion.numpy()
    images = {name: Volume(image.numpy(), np.eye(4)) for name, image in patient.images.items()}
    logit = infer(
        network.eval(), images, brain, window=window, device=device, flips=flips, prior=prior
    ).lesion
    near = near_lesions(truth, logit > 0, brain, (1.0, 1.0, 1.0))
    return LeftOut(
        subject=patient.subject,
        counts=count_logits(logit, truth, brain),
        near=count_logits(logit, truth, near if near.any() else brain),
        load_ml=float(truth.sum()) / 1000,
        candidates=Candidates.of(logit, truth),
    )


def judge(left_out: Sequence[LeftOut]) -> Judged:
    """Choose scaling and threshold, and measure both on patients who had no part in the choice.

    All sessions of a patient count as one. Without at least two patients with lesions nothing is chosen:
    probabilities stay as the network gives them, and a voxel is lesion from one half on.
    """
    marked = {item.subject: item for item in by_subject(left_out) if item.counts.positive.any()}
    if len(marked) < 2:
        dice = {name: dice_at(item.counts, Scaling(), EVEN) for name, item in marked.items()}
        return Judged(Scaling(), EVEN, dice, None)
    near = {name: item.near for name, item in marked.items()}
    own = fit_left_out(near)
    dice = {}
    for name, item in marked.items():
        others = [(other.counts, own[name]) for key, other in marked.items() if key != name]
        dice[name] = dice_at(item.counts, own[name], best_threshold(others))
    scaling = fit_scaling(list(near.values()))
    threshold = best_threshold([(item.counts, scaling) for item in marked.values()])
    reliability = measure_reliability(list(near.values()), [own[name] for name in near])
    return Judged(scaling, threshold, dice, reliability)


def by_subject(left_out: Sequence[LeftOut]) -> tuple[LeftOut, ...]:
    """Pool the sessions of each patient; the load is their mean."""
    sessions: dict[str, list[LeftOut]] = {}
    for item in left_out:
        sessions.setdefault(item.subject, []).append(item)
    return tuple(
        LeftOut(
            subject=subject,
            counts=pool([item.counts for item in own]),
            near=pool([item.near for item in own]),
            load_ml=float(np.mean([item.load_ml for item in own])),
        )
        for subject, own in sessions.items()
    )


def limit_of_confidence(left_out: Sequence[LeftOut], judged: Judged) -> float:
    """Give the confidence below which lesions are marked; 0 where none helps, or below five patients."""
    sessions: dict[str, list[JudgedLesions]] = {}
    for item in left_out:
        if item.candidates is not None:
            found = item.candidates.judge(judged.scaling, judged.threshold)
            sessions.setdefault(item.subject, []).append(found)
    if len(sessions) < ENOUGH:
        return 0.0
    return choose_limit([pool_lesions(own) for own in sessions.values()]).value or 0.0


def helps(first: Sequence[LeftOut], second: Sequence[LeftOut]) -> bool:
    """Tell whether patients left out are segmented better after the second stage than after the first.

    With fewer than two patients nobody can be left out: then the patients at hand are taken to help.
    """
    if not second:
        return True
    before, after = (np.mean(list(judge(item).dice.values())) for item in (first, second))
    return bool(after > before)


def best_threshold(patients: Sequence[tuple[LogitCounts, Scaling]]) -> float:
    """Give the probability with the best mean Dice; of equals the one nearest to one half.

    With fewer than five patients it is one half.
    """
    if len(patients) < ENOUGH:
        return EVEN
    means = np.array(
        [np.mean([dice_at(counts, own, value) for counts, own in patients]) for value in THRESHOLDS]
    )
    best = THRESHOLDS[np.isclose(means, means.max())]
    return round(float(best[np.argmin(np.abs(best - EVEN))]), 2)


def dice_at(counts: LogitCounts, scaling: Scaling, threshold: float) -> float:
    """Give the Dice of the voxels whose calibrated probability reaches a threshold."""
    chosen: NDArray[np.bool_] = scaling.probability(counts.logit) >= threshold
    hit, wrong = float(counts.positive[chosen].sum()), float(counts.negative[chosen].sum())
    total = 2 * hit + wrong + float(counts.positive[~chosen].sum())
    return 2 * hit / total if total else 1.0
