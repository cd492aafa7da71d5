"""Gated attention over a set of which any members may be missing (Ilse, Tomczak and Welling 2018).

Attention-based deep multiple instance learning, ICML, https://arxiv.org/abs/1802.04712, equations 7 and 9.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def masked_softmax(scores: Tensor, there: Tensor) -> Tensor:
    """Softmax along the last axis over those that are there.

    Parameters
    ----------
    scores
        Logits; what stands at missing members never matters, not even if it is not finite.
    there
        Booleans of the same shape.

    Returns
    -------
    Tensor
        Sums to 1, or is zero throughout where nobody is there.
    """
    lowest = torch.finfo(scores.dtype).min
    weights = torch.softmax(scores.where(there, lowest), dim=-1)
    return weights.where(there, 0)


class GatedAttention(nn.Module):
    """Weights members of a set by what they say, and adds them up.

    Parameters
    ----------
    width
        Length of a member's vector.
    hidden
        Units of the two layers behind the weights.

    Notes
    -----
    The last layer starts at zero, so that training starts from the plain mean.
    """

    def __init__(self, width: int, hidden: int = 16) -> None:
        super().__init__()
        self.values, self.gates = nn.Linear(width, hidden), nn.Linear(width, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)
        nn.init.zeros_(self.score.weight)

    def forward(self, members: Tensor, there: Tensor, prior: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pool sets.

        Parameters
        ----------
        members
            Shape ``(n, members, width)``.
        there
            Booleans of shape ``(n, members)``.
        prior
            Logits added for each place in the set, shape ``(members,)``, where places have a meaning.

        Returns
        -------
        Tensor, Tensor
            Weighted sums, shape ``(n, width)``, and weights, shape ``(n, members)``, which sum to 1 over
            those that are there; both zero for a set of nobody.
        """
        gated = torch.tanh(self.values(members)) * torch.sigmoid(self.gates(members))
        scores: Tensor = self.score(gated)[..., 0]
        weights = masked_softmax(scores if prior is None else scores + prior, there)
        known = members.where(there[..., None], 0)
        return (weights[..., None] * known).sum(dim=1), weights
