"""Abstaining: lesions that are too unsure are marked for a second look, never hidden.

The limit is chosen on training patients, and only where marked lesions left uncounted would have raised
lesion F1 in patients that had no part in its choice. Else nothing is marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.learning.uncertainty.retention import Array, Mask


@dataclass(frozen=True, eq=False)
class JudgedLesions:
    """The predicted lesions of one training patient.

    Attributes
    ----------
    confidence
        Of each predicted lesion, any scale, higher is surer, shape ``(n,)``.
    true
        Whether each is a lesion, by a named protocol.
    missed
        True lesions that no predicted one matches.
    """

    confidence: Array
    true: Mask
    missed: int


@dataclass(frozen=True)
class Limit:
    """A limit of confidence and what it was chosen on.

    Attributes
    ----------
    value
        Lesions below it are marked; ``None`` where no limit helps.
    f1_all, f1_kept
        Mean lesion F1 over the training patients: of all lesions, and without those below the limit that the
        other patients chose.
    """

    value: float | None
    f1_all: float
    f1_kept: float

    @property
    def statement(self) -> str:
        """A sentence for the model card and the report."""
        change = (
            f"lesion F1 of left-out patients {self.f1_all:.3f} with all lesions, {self.f1_kept:.3f} without"
        )
        if self.value is None:
            return f"No lesion is marked as unsure: it would not help ({change} those below a limit)."
        return f"Lesions of confidence below {self.value:.3g} are marked as unsure ({change} them)."


def marked(confidence: Array, limit: float | None) -> Mask:
    """Tell which lesions to mark.

    >>> marked(np.array([0.2, 0.5, 0.9]), 0.5)
    array([ True, False, False])
    """
    return np.zeros(confidence.shape, dtype=np.bool_) if limit is None else confidence < limit


def choose_limit(patients: Sequence[JudgedLesions]) -> Limit:
    """Choose the limit with the best mean lesion F1 over patients, and see whether it helps.

    A true lesion below the limit counts as missed. For the judgement, each patient is filtered by the limit
    that is best for the others; of limits that are as good, the lowest. Limits lie halfway between two
    observed confidences.

    Raises
    ------
    ValueError
        There are fewer than two patients: nobody is left out then.
    """
    if len(patients) < 2:
        raise ValueError(f"A limit needs two patients or more to be chosen and judged, not {len(patients)}")
    everything = np.mean([_f1(patient, np.array([-np.inf])) for patient in patients])
    kept = np.mean(
        [_f1(patient, np.array([_best_limit(_without(patients, patient))])) for patient in patients]
    )
    best = _best_limit(patients)
    helps = kept > everything and np.isfinite(best)
    return Limit(best if helps else None, float(everything), float(kept))


def _best_limit(patients: Sequence[JudgedLesions]) -> float:
    """Give the limit with the best mean F1, or minus infinity where the best is to keep all."""
    observed = np.unique(np.concatenate([patient.confidence for patient in patients]))
    limits = np.append(-np.inf, (observed[1:] + observed[:-1]) / 2)
    return float(limits[np.argmax(np.mean([_f1(patient, limits) for patient in patients], axis=0))])


def _without(patients: Sequence[JudgedLesions], left_out: JudgedLesions) -> list[JudgedLesions]:
    return [patient for patient in patients if patient is not left_out]


def _f1(patient: JudgedLesions, limits: Array) -> Array:
    """Give lesion F1 of what is not below each limit."""
    true, false = (np.sort(patient.confidence[flag]) for flag in (patient.true, ~patient.true))
    hits = true.size - np.searchsorted(true, limits)
    others = false.size - np.searchsorted(false, limits)
    total = hits + others + true.size + patient.missed
    return np.asarray(np.divide(2.0 * hits, total, out=np.ones(limits.size), where=total > 0))
