"""Whether a patient is like those a model was trained on; where not, a score would mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.learning.validation.estimator import Array, Flags, Places
from bidsapp.learning.validation.splits import codes_of

LIMIT = 0.05
FEWEST = 10
"""Subjects that a reference needs, whatever the limit."""
_NEIGHBOURS = 5
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class ReferenceCohort:
    """Feature vectors of the training patients and how far each lies from the others.

    Attributes
    ----------
    names
        Of the features.
    centre, spread
        Mean and standard deviation of each feature, shape ``(features,)``; a constant one has the smallest
        spread of a float, so that any other value is far.
    standard
        Standardised training vectors, shape ``(rows, features)``.
    left_out
        Distance of each training row from mean and nearest of the other subjects' rows, in their scales,
        shape ``(rows, 2)``.
    subject
        Number of the subject of each row, from 0, shape ``(rows,)``.
    """

    names: tuple[str, ...]
    centre: Array
    spread: Array
    standard: Array
    left_out: Array
    subject: Places

    @property
    def subjects(self) -> int:
        """Number of subjects."""
        return int(self.subject.max()) + 1


@dataclass(frozen=True)
class Judgement:
    """How a patient stands to the training cohort.

    Attributes
    ----------
    p
        Chance of a patient of the cohort to lie as far out.
    outside
        Whether to give no score.
    farthest, z
        The feature that deviates most, and by how many standard deviations of the cohort.
    """

    p: float
    outside: bool
    farthest: str
    z: float

    @property
    def reason(self) -> str:
        """A sentence for the report."""
        stand = "is not like" if self.outside else "is like"
        return (
            f"This patient {stand} the training cohort (p = {self.p:.3f}); "
            f"'{self.farthest}' deviates most, by {self.z:+.1f} standard deviations."
        )


def fit_reference(
    features: Array, names: Sequence[str], groups: Sequence[str], *, limit: float = LIMIT
) -> ReferenceCohort:
    """Learn what the training cohort looks like.

    Parameters
    ----------
    features
        Shape ``(rows, features)``, without gaps. Leave out patients of poor data: outliers of the cohort
        itself hide others, and so do features by the hundred, most of them noise.
    names
        Of the features.
    groups
        Subject of each row.
    limit
        That :func:`judge` will be asked with.

    Raises
    ------
    BadDataError
        There are too few subjects for a p as low as the limit, or a feature is not finite.
    """
    subject = codes_of(groups)
    count, need = int(subject.max()) + 1, max(FEWEST, int(np.ceil(1 / limit - 1 - _ROUNDING)))
    if count < need:
        raise BadDataError(f"A reference cohort needs {need} patients or more, not {count}.")
    if not np.isfinite(features).all():
        bad = names[int(np.flatnonzero(~np.isfinite(features).all(axis=0))[0])]
        raise BadDataError(f"The feature '{bad}' of the reference cohort has gaps: fill or leave it out.")
    centre, spread = _scales(features)
    left_out = np.array(
        [_left_out(row, features[subject != own]) for row, own in zip(features, subject, strict=True)]
    )
    return ReferenceCohort(tuple(names), centre, spread, (features - centre) / spread, left_out, subject)


def judge(reference: ReferenceCohort, features: Array, *, limit: float = LIMIT) -> Judgement:
    """Tell whether a patient lies too far out for a score.

    The distance is the larger of two, each over its median among training patients left out: from the mean,
    and the mean of those to the five nearest. Both are Mahalanobis distances with a shrunk covariance (Ledoit
    and Wolf 2004). The p counts the n training subjects by the share of their rows whose left-out distance is
    as large: (1 + sum of shares) / (n + 1) (Lee et al. 2023, arXiv:2306.06342). So a share of about ``limit``
    of patients like the cohort is refused too.

    Parameters
    ----------
    reference
        Training cohort.
    features
        Of one patient, shape ``(features,)``, in the order of the cohort's names. One that is not finite
        puts the patient outside.
    limit
        A p of this or less is outside.
    """
    z = (features - reference.centre) / reference.spread
    if not np.isfinite(z).all():
        place = int(np.flatnonzero(~np.isfinite(z))[0])
        return Judgement(1 / (reference.subjects + 1), True, reference.names[place], float(z[place]))
    scale = np.median(reference.left_out, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    own = float((_distances(z, reference.standard) / scale).max())
    as_far = (reference.left_out / scale).max(axis=1) >= own
    p = (1 + _sum_of_shares(as_far, reference.subject)) / (reference.subjects + 1)
    place = int(np.abs(z).argmax())
    return Judgement(p, p <= limit, reference.names[place], float(z[place]))


def _scales(features: Array) -> tuple[Array, Array]:
    """Give mean and standard deviation of each feature."""
    centre, spread = features.mean(axis=0), features.std(axis=0, ddof=1)
    return centre, np.maximum(spread, np.finfo(np.float32).eps * np.maximum(np.abs(centre), 1.0))


def _sum_of_shares(as_far: Flags, subject: Places) -> float:
    """Sum over subjects the share of their rows; each counts at most 1, however many sessions it has."""
    return float((np.bincount(subject, weights=as_far) / np.bincount(subject)).sum())


def _left_out(row: Array, others: Array) -> tuple[float, float]:
    """Give the distances of a row as a new subject's has them: it has no part in the scales either."""
    centre, spread = _scales(others)
    return _distances((row - centre) / spread, (others - centre) / spread)


def _distances(point: Array, others: Array) -> tuple[float, float]:
    """Give the distance from the centre of others and the mean distance to the nearest, both Mahalanobis."""
    from sklearn.covariance import LedoitWolf

    model = LedoitWolf().fit(others)
    whiten = np.linalg.cholesky(model.precision_)
    near = np.sort(np.linalg.norm((others - point) @ whiten, axis=1))[:_NEIGHBOURS]
    return float(np.linalg.norm((point - model.location_) @ whiten)), float(near.mean())
