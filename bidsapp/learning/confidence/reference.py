"""Whether a patient is like those a model was trained on; where not, a score would mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.learning.validation.estimator import Array

LIMIT = 0.05
_NEIGHBOURS = 5
_FEWEST = 10


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
        Standardised training vectors, shape ``(n, features)``.
    left_out
        Distance of each training patient from mean and nearest of the others, in the scales of the others,
        shape ``(n, 2)``.
    """

    names: tuple[str, ...]
    centre: Array
    spread: Array
    standard: Array
    left_out: Array


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


def fit_reference(features: Array, names: Sequence[str], *, limit: float = LIMIT) -> ReferenceCohort:
    """Learn what the training cohort looks like.

    Parameters
    ----------
    features
        Shape ``(n, features)``, without gaps. Leave out patients of poor data: outliers of the cohort itself
        hide others, and so do features by the hundred, most of them noise.
    names
        Of the features.
    limit
        That :func:`judge` will be asked with.

    Raises
    ------
    BadDataError
        There are too few patients for a p as low as the limit, or a feature is not finite.
    """
    need = max(_FEWEST, int(np.ceil(1 / limit - 1)))
    if len(features) < need:
        raise BadDataError(f"A reference cohort needs {need} patients or more, not {len(features)}.")
    if not np.isfinite(features).all():
        bad = names[int(np.flatnonzero(~np.isfinite(features).all(axis=0))[0])]
        raise BadDataError(f"The feature '{bad}' of the reference cohort has gaps: fill or leave it out.")
    centre, spread = _scales(features)
    left_out = np.array([_left_out(features, place) for place in range(len(features))])
    return ReferenceCohort(tuple(names), centre, spread, (features - centre) / spread, left_out)


def judge(reference: ReferenceCohort, features: Array, *, limit: float = LIMIT) -> Judgement:
    """Tell whether a patient lies too far out for a score.

    The distance is the larger of two, each over its median among training patients left out: from the mean,
    and the mean of those to the five nearest. Both are Mahalanobis distances with a shrunk covariance (Ledoit
    and Wolf 2004). The p counts the training patients whose left-out distance is as large:
    (1 + count) / (n + 1). So a share of about ``limit`` of patients like the cohort is refused too.

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
        return Judgement(1 / (len(reference.standard) + 1), True, reference.names[place], float(z[place]))
    scale = np.median(reference.left_out, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    own = float((_distances(z, reference.standard) / scale).max())
    others = (reference.left_out / scale).max(axis=1)
    p = (1 + int((others >= own).sum())) / (others.size + 1)
    place = int(np.abs(z).argmax())
    return Judgement(p, p <= limit, reference.names[place], float(z[place]))


def _scales(features: Array) -> tuple[Array, Array]:
    """Give mean and standard deviation of each feature."""
    centre, spread = features.mean(axis=0), features.std(axis=0, ddof=1)
    return centre, np.maximum(spread, np.finfo(np.float32).eps * np.maximum(np.abs(centre), 1.0))


def _left_out(features: Array, place: int) -> tuple[float, float]:
    """Give the distances of a patient as a new one has them: it has no part in the scales either."""
    others = np.delete(features, place, axis=0)
    centre, spread = _scales(others)
    return _distances((features[place] - centre) / spread, (others - centre) / spread)


def _distances(point: Array, others: Array) -> tuple[float, float]:
    """Give the distance from the centre of others and the mean distance to the nearest, both Mahalanobis."""
    from sklearn.covariance import LedoitWolf

    model = LedoitWolf().fit(others)
    whiten = np.linalg.cholesky(model.precision_)
    near = np.sort(np.linalg.norm((others - point) @ whiten, axis=1))[:_NEIGHBOURS]
    return float(np.linalg.norm((point - model.location_) @ whiten)), float(near.mean())
