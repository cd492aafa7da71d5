"""Regression that also learns how wrong it is at each voxel (Kendall and Gal 2017)."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Noise = Literal["gaussian", "laplace"]
LOG_VARIANCE = 7.0  # standard deviations from 0.03 to 33 of standardised grey values


def bounded(value: Tensor, limit: float = LOG_VARIANCE) -> Tensor:
    """Keep a value within minus and plus a limit by a tangent: about the same near 0, no gradient lost.

    A hard clip has no gradient beyond its ends, so that a network which once gets there stays.
    """
    return limit * torch.tanh(value / limit)


def standard_deviation(log_variance: Tensor) -> Tensor:
    """Turn the output of the network into the standard deviation that :func:`heteroscedastic_loss` meant."""
    return (bounded(log_variance) / 2).exp()


def heteroscedastic_loss(
    mean: Tensor, log_variance: Tensor, target: Tensor, mask: Tensor, noise: Noise = "laplace"
) -> Tensor:
    """Give the mean negative log-likelihood of a target, with a variance for each voxel.

    Where the network cannot draw the target, it may say so: the error there weighs less, at the price of the
    logarithm of its spread. Constants are kept, so that both kinds of noise compare.

    Parameters
    ----------
    mean, log_variance, target
        One shape. The logarithm of the variance is bounded by :func:`bounded`.
    mask
        Booleans of the same shape: where the target is known.
    noise
        ``gaussian`` pulls towards the mean of what is possible, ``laplace`` towards its median, which keeps
        edges sharper and is moved less by outliers.

    Returns
    -------
    Tensor
        A scalar, in nats for each voxel, which can be negative; 0 without gradient where nothing is known.
    """
    if not mask.any():
        return mean.new_zeros(())
    error, spread = (target - mean)[mask].float(), bounded(log_variance[mask].float()) / 2
    if noise == "gaussian":
        return (0.5 * (error * (-spread).exp()).square() + spread).mean() + 0.5 * math.log(2 * math.pi)
    root = math.sqrt(2)  # a Laplace distribution of scale b has variance 2 b^2
    return (root * error.abs() * (-spread).exp() + spread).mean() + 0.5 * math.log(2)
