"""What is explained, and the answer: the terms that all methods of this room share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

WEAK = 0.1


@dataclass(frozen=True, eq=False)
class Target:
    """The number that is explained: a weighted sum of one output channel, for example over a lesion.

    Attributes
    ----------
    channel
        Output channel of the network, a logit.
    weights
        Shape ``(x, y, z)``, zero outside the lesion; no axis for a network that gives one number.
    """

    channel: int
    weights: Tensor

    @classmethod
    def lesion(cls, mask: Tensor, channel: int = 0) -> Self:
        """Take the sum of the logits in a lesion, ``mask`` of shape ``(x, y, z)``.

        Raises
        ------
        ValueError
            The mask is empty.
        """
        if not mask.any():
            raise ValueError("The lesion to be explained has no voxel.")
        return cls(channel, mask.to(torch.float32))

    @classmethod
    def output(cls, channel: int = 0, *, sign: int = 1) -> Self:
        """Take an output that is one number of the image: a score, the log-odds of an outcome.

        Parameters
        ----------
        channel
            Which of the outputs ``(n, outputs)``.
        sign
            -1 explains what lowers the number, as injury lowers a score.
        """
        return cls(channel, torch.tensor(float(sign)))

    def equally(self, logits: Tensor) -> Self:
        """Give each voxel the same voice (Chlebus et al. 2019, arXiv:1907.12264).

        There the maps of single voxels are divided by their sums and added. A map is linear in what it
        starts from and its sum is the voxel's logit, so one pass that starts from weights of 1 / logit gives
        the same. Voxels under a tenth of the largest logit are left out: at the border of a lesion both map
        and logit are near zero, and their quotient is noise.

        Parameters
        ----------
        logits
            Output of the network for the image that is explained, shape ``(1, channels, x, y, z)``.
        """
        own = logits[0, self.channel]
        chosen = (self.weights > 0) & (own > WEAK * own[self.weights > 0].max().clamp(min=0))
        if not chosen.any():
            raise ValueError("No voxel of the lesion has a positive logit: there is no decision to explain.")
        return type(self)(self.channel, torch.where(chosen, 1 / own, torch.zeros_like(own)))

    def score(self, logits: Tensor) -> Tensor:
        """Give the explained number of each image, shape ``(n,)``.

        Parameters
        ----------
        logits
            Shape ``(n, channels, x, y, z)``; ``(n, channels)`` for a network that gives numbers.
        """
        own = logits[:, self.channel]
        return (own * self.weights.to(logits)).reshape(len(own), -1).sum(dim=1)


@dataclass(frozen=True, eq=False)
class Attribution:
    """A relevance map and its account.

    Attributes
    ----------
    relevance
        Shape ``(channels, x, y, z)``, in the unit of the logit; positive speaks for the lesion.
    explained
        What the map should add up to, together with `elsewhere`; ``None`` where the method promises no sum.
    elsewhere
        Relevance that ended in no voxel: in the biases and norms of the network.
    """

    relevance: Tensor
    explained: float | None = None
    elsewhere: float = 0.0

    @property
    def imbalance(self) -> float | None:
        """Size of what is missing or too much, relative to what is explained; ``None`` without a sum."""
        if self.explained is None:
            return None
        missing = abs(self.relevance.double().sum().item() + self.elsewhere - self.explained)
        return missing / abs(self.explained) if self.explained else float("inf")


Attribute = Callable[[nn.Module, Tensor, Target], Attribution]
"""A method: network, image ``(1, channels, x, y, z)`` and target give an attribution."""
