"""Normalisation as part of the convolution before it, for one image.

With the statistics of the image held constant, a norm multiplies each channel by a number and adds another.
Both are taken into the weights and the bias of the convolution that it follows, as for batch normalisation in
Guillemot et al. 2020 (arXiv:2002.11018); that the statistics are constants in the backward pass follows Ali
et al. 2022 (arXiv:2202.07304, the rule for layer normalisation). Without this, a network with instance norms
has no relevance at all to give: its output does not change with the scale of its image.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.instancenorm import _InstanceNorm

Norm = _BatchNorm | _InstanceNorm | nn.GroupNorm


def scale_and_shift(norm: Norm, values: Tensor) -> tuple[Tensor, Tensor]:
    """Give the two numbers of each channel that write a norm as ``scale * values + shift``.

    Parameters
    ----------
    norm
        Batch, instance or group normalisation.
    values
        What it receives, shape ``(1, channels, *spatial)``.

    Returns
    -------
    tuple
        Scale and shift, shape ``(channels,)``.
    """
    mean, variance = _statistics(norm, values)
    scale = (variance + norm.eps).rsqrt()
    if norm.weight is not None:
        scale = scale * norm.weight
    shift = -scale * mean
    return scale, shift if norm.bias is None else shift + norm.bias


def _statistics(norm: Norm, values: Tensor) -> tuple[Tensor, Tensor]:
    if isinstance(norm, nn.GroupNorm):
        parts = values[0].reshape(norm.num_groups, -1)
        repeats = values.shape[1] // norm.num_groups
        mean, variance = parts.mean(dim=1), parts.var(dim=1, correction=0)
        return mean.repeat_interleave(repeats), variance.repeat_interleave(repeats)
    if norm.running_mean is not None and norm.running_var is not None:
        return norm.running_mean, norm.running_var
    channels = values[0].flatten(1)
    return channels.mean(dim=1), channels.var(dim=1, correction=0)


def merge(convolution: _ConvNd, scale: Tensor, shift: Tensor) -> None:
    """Change a convolution, plain or transposed, so that it gives what the norm after it gave."""
    weight = convolution.weight
    if convolution.transposed:
        groups, inputs = convolution.groups, weight.shape[0]
        factor = scale.reshape(groups, 1, -1).expand(groups, inputs // groups, -1).reshape(inputs, -1)
    else:
        factor = scale[:, None]
    bias = torch.zeros_like(shift) if convolution.bias is None else convolution.bias
    factor = factor.reshape(*factor.shape, *[1] * (weight.ndim - 2))
    convolution.weight = nn.Parameter(weight * factor, requires_grad=False)
    convolution.bias = nn.Parameter(scale * bias + shift, requires_grad=False)


class HeldNorm(nn.Module):
    """A norm that follows no convolution: its two numbers, held constant; the shift may take relevance."""

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.scale = scale
        self.bias = nn.Parameter(shift)

    def forward(self, values: Tensor) -> Tensor:
        """Normalise ``(1, channels, *spatial)``."""
        shape = (1, -1, *[1] * (values.ndim - 2))
        normalised: Tensor = self.scale.reshape(shape) * values + self.bias.reshape(shape)
        return normalised
