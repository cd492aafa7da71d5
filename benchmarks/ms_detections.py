"""How well activity is told in simulated patients: areas under curves, free response, calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from ms_patients import Array, Setting
from ms_simulated import Simulated
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import logit

from bidsapp.analyses.ms.instances import Labels, find_instances, numbers_of
from bidsapp.analyses.ms.lesions import Evidence, describe_lesions
from bidsapp.analyses.ms.places import Place
from bidsapp.analyses.ms.tables import ACTIVE_FROM
from bidsapp.learning.calibration.counts import LogitCounts, count_logits
from bidsapp.learning.calibration.reliability import measure_reliability
from bidsapp.learning.clustered_auc import clustered_auc
from bidsapp.learning.discrimination import Estimate

Scores = NDArray[np.float64]
FALSE_PER_PATIENT = (0.25, 0.5, 1.0, 2.0, 4.0)
ACTIVE_MM3 = 3
RESAMPLES = 2000
Tell = Callable[[Labels], Array]
"""From lesions to the probability of activity of each voxel."""

_SURE = 1e-6


@dataclass(frozen=True, eq=False)
class Seen:
    """What is said of one simulated patient.

    ``voxels`` and ``lesions``: voxels of true lesions and true lesions by the logit of activity. ``false``,
    ``true``: probabilities of detections outside of active lesions, and the highest in each active lesion
    (0 where there is none). ``active``, ``inactive``: numbers of true lesions.
    """

    voxels: LogitCounts
    lesions: LogitCounts
    false: Scores
    true: Scores
    active: int
    inactive: int


@dataclass(frozen=True)
class Measured:
    """What is said of a cohort; ``sensitivity`` by the number of false detections per patient."""

    patients: int
    voxel_auc: Estimate
    lesion_auc: Estimate
    lesion_auc_within: float
    ece: Estimate
    sensitivity: dict[float, float]
    false_alarms: float
    active: int
    inactive: int


def judge_activity(patient: Simulated, lesion: Array, tell: Tell, setting: Setting) -> Seen:
    """Compare what is said of activity with the truth; ``lesion`` is the network's logit.

    Raises
    ------
    ValueError
        The patient has no lesion.
    """
    from monai.metrics.froc import compute_fp_tp_probs_nd

    labels = find_instances(patient.lesion, 1.0)
    active = tell(labels)
    truth = ndimage.sum_labels(patient.active, labels, numbers_of(labels)) >= ACTIVE_MM3
    told = logit(np.clip(most_active(labels, active), _SURE, 1 - _SURE))
    found = find_instances(setting.mask(lesion), 1.0)
    detected = tell(found)
    places = np.array(ndimage.maximum_position(detected, found, numbers_of(found))).reshape(-1, 3)
    targets = find_instances(patient.active, 1.0)
    false, true, _ = compute_fp_tp_probs_nd(most_active(found, detected), places.astype(np.intp), targets)
    return Seen(
        voxels=count_logits(logit(np.clip(active, _SURE, 1 - _SURE)), patient.active, patient.lesion),
        lesions=count_logits(told, truth),
        false=np.asarray(false, dtype=np.float64),
        true=np.asarray(true, dtype=np.float64),
        active=int(truth.sum()),
        inactive=int((~truth).sum()),
    )


def most_active(labels: Labels, active: Array) -> Scores:
    """Give the probability of activity of each lesion as the app tells it."""
    places: list[Place] = ["deep"] * int(labels.max(initial=0))  # the place does not matter here
    lesions = describe_lesions(labels, np.eye(4), Evidence(lesion=active, active=active), places)
    return np.array([item.activity.probability if item.activity else 0.0 for item in lesions])


def measure(seen: Sequence[Seen]) -> Measured:
    """Measure a cohort."""
    from monai.metrics.froc import compute_froc_curve_data

    true = np.concatenate([item.true for item in seen])
    false = np.concatenate([item.false for item in seen])
    rates, found = compute_froc_curve_data(false, true, true.size, len(seen))
    return Measured(
        patients=len(seen),
        voxel_auc=_auc([item.voxels for item in seen]),
        lesion_auc=_auc([item.lesions for item in seen]),
        lesion_auc_within=_auc_within([item.lesions for item in seen]),
        ece=measure_reliability([item.lesions for item in seen], bins=10, resamples=RESAMPLES).ece,
        sensitivity={rate: float(np.interp(rate, rates[::-1], found[::-1])) for rate in FALSE_PER_PATIENT},
        false_alarms=float((false >= ACTIVE_FROM).sum()) / len(seen),
        active=sum(item.active for item in seen),
        inactive=sum(item.inactive for item in seen),
    )


def _auc_within(counts: Sequence[LogitCounts]) -> float:
    """Give the mean over patients of each one's area, of those who have both kinds."""
    pairs = [(item.positive.astype(float), item.negative.astype(float)) for item in counts]
    areas = [
        float(positive @ (np.cumsum(negative) - negative / 2) / (positive.sum() * negative.sum()))
        for positive, negative in pairs
        if positive.any() and negative.any()
    ]
    return float(np.mean(areas)) if areas else float("nan")


def _auc(counts: Sequence[LogitCounts]) -> Estimate:
    positive, negative = (
        np.array([getattr(item, kind) for item in counts]) for kind in ("positive", "negative")
    )
    return clustered_auc(positive, negative, resamples=RESAMPLES, seed=0)
