"""Weights of patients where most have the same score: rare scores count more, but not without bound."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bidsapp.errors import UsageError
from bidsapp.learning.ordinal.levels import distribution

BALANCES = ("none", "effective", "density")


def effective_number_weights(target: Tensor, levels: int, beta: float = 0.99) -> Tensor:
    """Weigh each patient by one over the effective number of patients of its level.

    The effective number of n patients is ``(1 - beta^n) / (1 - beta)``: each new one adds less, as it
    resembles one that is there (Cui et al. 2019, CVPR, doi:10.1109/CVPR.2019.00949). beta 0 weighs all alike,
    and beta near 1 by one over the number. Cui's 0.999 and above are for thousands of a class.

    Parameters
    ----------
    target
        Levels, shape ``(n,)``, or distributions, shape ``(n, K)``, which count as fractions of patients.
    levels
        K.
    beta
        From 0 to below 1.

    Returns
    -------
    Tensor
        Shape ``(n,)``, mean 1.
    """
    if not 0 <= beta < 1:
        raise UsageError(f"beta of effective numbers must be at least 0 and below 1, not {beta}.")
    soft = distribution(target, levels, _floating(target))
    count = soft.sum(0)
    effective = (1 - beta ** count.clamp_min(1)) / (1 - beta)
    return _mean_one(soft @ (1 / effective))


def density_weights(target: Tensor, levels: int, bandwidth: float = 2.0) -> Tensor:
    """Weigh each patient by one over the density of labels around its own: label-distribution smoothing.

    Counts are smoothed by a Gaussian kernel over levels, as neighbours in score are neighbours in image
    (Yang et al. 2021, ICML, arXiv:2102.09554). At the ends the kernel is cut and normalised.

    Parameters
    ----------
    target, levels
        As in :func:`effective_number_weights`.
    bandwidth
        Standard deviation of the kernel, levels.

    Returns
    -------
    Tensor
        Shape ``(n,)``, mean 1.
    """
    if bandwidth <= 0:
        raise UsageError(f"The bandwidth of label smoothing must be above 0, not {bandwidth}.")
    soft = distribution(target, levels, _floating(target))
    place = torch.arange(levels, dtype=soft.dtype, device=soft.device)
    kernel = torch.exp(-0.5 * ((place[:, None] - place) / bandwidth).square())
    density = (kernel / kernel.sum(1, keepdim=True)) @ soft.sum(0)
    return _mean_one(soft @ (1 / density.clamp_min(math.sqrt(torch.finfo(soft.dtype).tiny))))


def balance_weights(name: str, target: Tensor, levels: int) -> Tensor:
    """Give the weights of a balance by its name in `BALANCES`, with its default setting."""
    if name == "none":
        return _floating(target).new_ones(target.shape[0])
    if name == "effective":
        return effective_number_weights(target, levels)
    if name == "density":
        return density_weights(target, levels)
    raise UsageError(f"There is no balance {name!r}; there are {', '.join(BALANCES)}.")


def _floating(target: Tensor) -> Tensor:
    return target if target.is_floating_point() else target.to(torch.get_default_dtype())


def _mean_one(weight: Tensor) -> Tensor:
    return weight / weight.mean()
