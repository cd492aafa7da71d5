"""Loss of the lesion network: every task only where somebody has marked its truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import torch
from monai.losses import DiceLoss
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

LOG_SCALE = (-4.0, 3.0)
TASKS = ("lesion", "active", "post")
Balance = Callable[[Mapping[str, Tensor]], Tensor]


@dataclass(frozen=True, kw_only=True)
class TaskWeights:
    """Weight of each task in the sum; 0 leaves a task out (direct segmentation or synthesis alone)."""

    lesion: float = 1.0
    active: float = 0.5
    post: float = 0.2


def lesion_loss(
    output: Tensor,
    lesion: Tensor | None,
    active: Tensor | None,
    change: Tensor | None,
    brain: Tensor,
    weights: TaskWeights,
    balance: Balance | None = None,
) -> Tensor:
    """Add up the losses of the tasks whose truth is known.

    Parameters
    ----------
    output
        Of `bidsapp.networks.lesions.lesion_network`, shape ``(1, 4, x, y, z)``.
    lesion
        Booleans, shape ``(1, x, y, z)``, or ``None`` where nobody marked them: cross-entropy and soft Dice.
    active
        The same: cross-entropy inside of lesions alone, since the network tells activity given a lesion.
        Where nobody marked all lesions, voxels count as far as the network takes them for lesion.
    change
        What contrast agent added to the T1w channel, same shape, or ``None``: negative log-likelihood of a
        Laplace law whose scale the network gives.
    brain
        Booleans, same shape; nothing outside of it counts for cross-entropy and synthesis.
    weights
        Of the tasks.
    balance
        Adds the weighted losses, by name of `TASKS`, in another way: `bidsapp.learning.task_weights`.

    Returns
    -------
    Tensor
        A scalar; 0, with a gradient of 0, where no truth is known.
    """
    output = output.float()
    losses: dict[str, Tensor] = {}
    if lesion is not None and weights.lesion > 0:
        losses["lesion"] = weights.lesion * _mask_loss(output[:, 0], lesion, brain)
    if active is not None and weights.active > 0:
        where = output[:, 0].detach().sigmoid() if lesion is None else lesion
        losses["active"] = weights.active * _active_loss(output[:, 1], active, (where * brain).float())
    if change is not None and weights.post > 0:
        losses["post"] = weights.post * laplace(output[:, 2], output[:, 3], change, brain)
    nought = output.sum() * 0
    return nought + balance(losses) if balance is not None and losses else sum(losses.values(), nought)


def laplace(mean: Tensor, log_scale: Tensor, truth: Tensor, inside: Tensor) -> Tensor:
    """Give the mean negative log-likelihood of a Laplace law inside of a mask (constants left out)."""
    log_scale = log_scale.clamp(*LOG_SCALE)
    each = (mean - truth).abs() * torch.exp(-log_scale) + log_scale
    return (each * inside).sum() / inside.sum().clamp_min(1)


def _mask_loss(logit: Tensor, truth: Tensor, brain: Tensor) -> Tensor:
    target = truth.float()
    crossed = binary_cross_entropy_with_logits(logit, target, reduction="none")
    loss: Tensor = (crossed * brain).sum() / brain.sum().clamp_min(1) * 5
    if truth.any():
        loss = loss + _dice()((logit * brain - 20 * ~brain)[:, None], target[:, None])
    return loss


def _active_loss(logit: Tensor, truth: Tensor, where: Tensor) -> Tensor:
    where = torch.maximum(where, truth.float())
    crossed = binary_cross_entropy_with_logits(logit, truth.float(), reduction="none")
    return (crossed * where).sum() / where.sum().clamp_min(1)


@cache
def _dice() -> DiceLoss:
    return DiceLoss(sigmoid=True)
