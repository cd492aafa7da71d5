"""Hard and soft labels in the forms that losses want: a distribution, chances to exceed, a mean."""

from __future__ import annotations

import torch
from torch import Tensor

from bidsapp.errors import BadDataError
from bidsapp.learning.ordinal.base import mean_level


def distribution(target: Tensor, levels: int, like: Tensor) -> Tensor:
    """Give labels as a distribution over levels.

    Parameters
    ----------
    target
        Levels, whole numbers of any type, shape ``(n,)``; or distributions, shape ``(n, K)``.
    levels
        K.
    like
        A tensor of the type and device to give.

    Returns
    -------
    Tensor
        Shape ``(n, K)``; one-hot for hard labels.

    Raises
    ------
    BadDataError
        A label is no level of the score, or distributions are of another number of levels.
    """
    if target.ndim == 2:
        if target.shape[1] != levels:
            raise BadDataError(f"Soft labels have {target.shape[1]} levels where the score has {levels}.")
        return target.to(like)
    level = target.round().long()
    if bool(((level < 0) | (level >= levels) | (level != target)).any()):
        raise BadDataError(
            f"A label is not a whole number from 0 to {levels - 1}: correct the score or the scale."
        )
    return torch.nn.functional.one_hot(level, levels).to(like)


def score(target: Tensor, like: Tensor) -> Tensor:
    """Give hard labels as they are and soft ones as their mean, shape ``(n,)``."""
    return target.to(like) if target.ndim == 1 else mean_level(target.to(like))


def exceedance(probabilities: Tensor) -> Tensor:
    """Give the probability to be above level k, k from 0 to K - 2, shape ``(n, K)`` to ``(n, K - 1)``.

    >>> exceedance(torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]))
    tensor([[1.0000, 0.0000],
            [0.5000, 0.2500]])
    """
    return probabilities.flip(1).cumsum(1).flip(1)[:, 1:]


def from_exceedance(above: Tensor) -> Tensor:
    """Undo :func:`exceedance`, shape ``(n, K - 1)`` to ``(n, K)``; rows must not rise.

    >>> from_exceedance(torch.tensor([[0.5, 0.25]]))
    tensor([[0.5000, 0.2500, 0.2500]])
    """
    ends = above.new_ones(above.shape[0], 1)
    return torch.cat([ends, above], 1) - torch.cat([above, 0 * ends], 1)


def shares(target: Tensor, levels: int, like: Tensor) -> Tensor:
    """Give the share of patients at each level, shape ``(K,)``, as if each level had half a patient more.

    The half patient (Jeffreys' prior) keeps the logarithm of an empty level finite.
    """
    counts = distribution(target, levels, like).sum(0) + 0.5
    return counts / counts.sum()
