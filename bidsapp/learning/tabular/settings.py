"""Every choice of a head, in one frozen place."""

from __future__ import annotations

from dataclasses import dataclass, field

from bidsapp.learning.curriculum import Curriculum


@dataclass(frozen=True, kw_only=True)
class HeadSettings:
    """How a head is trained.

    Attributes
    ----------
    levels
        Number of levels of the score, K: 24 for the CRS-R.
    loss
        A name of `bidsapp.learning.ordinal.registry.LOSSES`.
    hidden
        Units of the hidden layer; 0 for a linear head.
    penalties
        Weight decays to choose from, strongest first: it wins where several are as good.
    folds
        Inner folds that choose.
    epochs, steps
        Most epochs, and L-BFGS iterations in each.
    standardise
        Whether each feature is brought to standard deviation 1; features that are on scales of a purpose are
        only centred.
    balance
        A name of `bidsapp.learning.ordinal.balance.BALANCES`.
    curriculum
        Who counts in which epoch.
    seed
        Of folds and first weights.
    """

    levels: int
    loss: str = "huber"
    hidden: int = 0
    penalties: tuple[float, ...] = (1.0, 0.1, 0.01, 0.001)
    folds: int = 3
    epochs: int = 8
    steps: int = 5
    standardise: bool = True
    balance: str = "none"
    curriculum: Curriculum = field(default_factory=Curriculum)
    seed: int = 0
