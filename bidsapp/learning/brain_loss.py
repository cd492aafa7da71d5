"""Loss of a network that names tissues and draws the brain's border by two definitions."""

from __future__ import annotations

from functools import cache

import numpy as np
from monai.losses import DiceLoss
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

TISSUE_CHANNELS = 4


def tissue_border_loss(logits: Tensor, tissue: Tensor | None, brain: Tensor, definition: int) -> Tensor:
    """Cross-entropy plus soft Dice of tissues and border, each only where its truth is known.

    Parameters
    ----------
    logits
        Shape ``(1, 6, x, y, z)``: four tissues, then one channel for each definition of the border.
    tissue
        Integers 0..3, shape ``(1, x, y, z)``, or ``None`` where nobody drew tissues.
    brain
        Booleans of the same shape.
    definition
        Which of the last two channels ``brain`` teaches.

    Returns
    -------
    Tensor
        A scalar.
    """
    logits = logits.float()
    channel = TISSUE_CHANNELS + definition
    border, inside = logits[:, channel : channel + 1], brain[:, None].float()
    loss: Tensor = binary_cross_entropy_with_logits(border, inside) + _border_dice()(border, inside)
    if tissue is not None:
        names = logits[:, :TISSUE_CHANNELS]
        loss = loss + cross_entropy(names, tissue.long()) + _tissue_dice()(names, tissue[:, None])
    return loss


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Overlap of two masks: 1 when equal (also when both are empty), 0 when disjoint."""
    total = int(first.sum()) + int(second.sum())
    return 1.0 if total == 0 else 2.0 * int(np.logical_and(first, second).sum()) / total


@cache
def _border_dice() -> DiceLoss:
    return DiceLoss(sigmoid=True)


@cache
def _tissue_dice() -> DiceLoss:
    return DiceLoss(include_background=False, to_onehot_y=True, softmax=True)
