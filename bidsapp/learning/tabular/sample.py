"""The patients that a head learns from, as tensors, and the standardisation of their features."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bidsapp.errors import BadDataError
from bidsapp.learning.ordinal.balance import balance_weights
from bidsapp.learning.ordinal.soft_labels import soft_labels

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Standard:
    """Mean and standard deviation of each feature, shape ``(d,)``; a constant feature becomes 0."""

    mean: Array
    scale: Array

    @classmethod
    def of(cls, features: Array, *, scale: bool = True) -> Self:
        """Take them from patients, shape ``(n, d)``; without ``scale`` only the mean is taken away."""
        spread = features.std(axis=0) if scale else np.ones(features.shape[1])
        return cls(features.mean(axis=0), np.where(spread > 0, spread, 1.0))

    def __call__(self, features: Array) -> Tensor:
        """Standardise features, shape ``(n, d)``."""
        return torch.from_numpy((features - self.mean) / self.scale)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Patients to train on; each attribute has a row for each.

    Attributes
    ----------
    features
        Shape ``(n, d)``.
    target
        Levels, shape ``(n,)``, or soft labels, shape ``(n, K)``.
    score, weight, difficulty
        Observed score, weight in the loss, and difficulty for the curriculum, shape ``(n,)``.
    """

    features: Tensor
    target: Tensor
    score: Tensor
    weight: Tensor
    difficulty: Tensor

    def only(self, rows: NDArray[np.intp]) -> Sample:
        """Give some of the patients."""
        wanted = torch.from_numpy(rows)
        return replace(self, **{part.name: getattr(self, part.name)[wanted] for part in fields(self)})

    def standardised(self, standard: Standard) -> Sample:
        """Give them with standardised features."""
        return replace(self, features=standard(self.features.numpy()))


def make_sample(
    features: Array,
    target: Array,
    levels: int,
    *,
    standard_error: float | Array | None,
    weight: Array | None,
    difficulty: Array | None,
    balance: str,
) -> Sample:
    """Bring arrays together; parameters are those of :meth:`bidsapp.learning.tabular.head.OrdinalHead.fit`.

    Raises
    ------
    BadDataError
        A feature has gaps.
    """
    if not np.isfinite(features).all():
        raise BadDataError("Features of the head have gaps: fill them before, from the training patients.")
    ones = np.ones(len(target))
    score = torch.tensor(target, dtype=torch.float64)
    label = score
    if standard_error is not None:
        label = soft_labels(score, levels, torch.as_tensor(standard_error, dtype=score.dtype))
    own = torch.tensor(ones if weight is None else weight, dtype=score.dtype)
    return Sample(
        features=torch.tensor(features, dtype=score.dtype),
        target=label,
        score=score,
        weight=own * balance_weights(balance, label, levels),
        difficulty=torch.tensor(ones if difficulty is None else difficulty, dtype=score.dtype),
    )
