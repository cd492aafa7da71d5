"""Frame of the losses that only rank: a Huber term holds the scale, since ranks alone tell no points."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from bidsapp.learning.ordinal.huber import Huber
from bidsapp.learning.ordinal.soft_labels import CRS_R_ERROR


class AnchoredRank(Huber):
    """A rank loss plus a weighted Huber loss.

    Parameters
    ----------
    levels, delta
        As in :class:`bidsapp.learning.ordinal.huber.Huber`.
    anchor
        Weight of the Huber term.
    """

    def __init__(self, levels: int, delta: float = CRS_R_ERROR, anchor: float = 0.5) -> None:
        super().__init__(levels, delta)
        self.anchor = anchor

    @abstractmethod
    def rank_loss(self, ranks: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """Give the loss of one number a patient, shape ``(n,)``; the others as in :meth:`loss`."""

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Give :meth:`rank_loss` plus the weighted Huber loss."""
        held = super().loss(outputs, target, weight)
        return self.rank_loss(outputs[:, 0], target, weight) + self.anchor * held
