"""How models that learn by gradients learn: the recipe says it, and all other models ignore it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Curriculum = Literal["none", "easiest", "self-paced"]
Fusing = Literal["early", "intermediate", "late"]
LOSSES = (
    "cross-entropy",
    "coral",
    "corn",
    "cumulative-link",
    "kappa",
    "huber",
    "ranknet",
    "hinge-rank",
    "spearman",
)
BALANCES = ("none", "effective", "density")
CURRICULA: tuple[Curriculum, ...] = ("none", "easiest", "self-paced")
FUSIONS: tuple[Fusing, ...] = ("early", "intermediate", "late")


@dataclass(frozen=True, kw_only=True)
class Learning:
    """Keys of ``data/recipes/coma.toml`` of the same names, where each is explained.

    The names of losses and balances are those of :mod:`bidsapp.learning.ordinal`, told again here since a
    recipe is checked without torch.
    """

    lowest: float = 0.0
    highest: float = 23.0
    loss: str = "huber"
    balance: str = "none"
    curriculum: Curriculum = "none"
    soft_labels: float = 0.0
    fusion: Fusing = "intermediate"
    epochs: int = 25
    modality_dropout: float = 0.2
    coarsen: int = 2
    simulated: int = 0


@dataclass(frozen=True)
class Levels:
    """The levels of what is predicted, and the loss over them.

    Attributes
    ----------
    lowest
        Score of the first level.
    count
        Number of levels, one point apart.
    loss
        A name of ``LOSSES``.
    error
        Standard error of a label, points; ``None`` for exact ones.
    """

    lowest: float
    count: int
    loss: str
    error: float | None

    @classmethod
    def of(cls, learning: Learning, *, outcome: bool) -> Levels:
        """Give those of the recipe's score, or of an outcome: two levels, exact, with cross-entropy."""
        if outcome:
            return cls(0.0, 2, "cross-entropy", None)
        count = math.ceil(learning.highest - learning.lowest) + 1
        return cls(learning.lowest, count, learning.loss, learning.soft_labels or None)
