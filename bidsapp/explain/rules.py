r"""Rules by which a convolution hands the relevance of its output to its input (Montavon et al. 2019).

A rule is written as a *surrogate*: a function of the input whose gradient, times the input, is the relevance
(Montavon et al. 2019, doi:10.1007/978-3-030-28954-6_10). Relevance per unit of activation then travels
through the network as a gradient does. Sums, concatenations, pooling and interpolation need no rule: autograd
shares a sum in proportion to its parts, and the maximum takes all.

Activations may be negative (leaky rectifiers), so a contribution :math:`a_i w_{ij}` is sorted by its own
sign, not by that of the weight. :math:`P_j` and :math:`N_j` are the sums of the positive and of the negative
ones, bias included; :math:`z_j = P_j + N_j`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from bidsapp.explain.linear import LinearMap

STABILISER = 1e-6


class Rule(Protocol):
    """How one layer shares relevance."""

    def sources(self, activation: Tensor) -> tuple[Tensor, ...]:
        """Give what takes relevance beside the activation itself, each of its shape."""

    def surrogate(self, layer: LinearMap, activation: Tensor, sources: tuple[Tensor, ...]) -> Tensor:
        """Give the layer's output, written so that its gradient is the rule."""


class _OwnActivation:
    def sources(self, activation: Tensor) -> tuple[Tensor, ...]:
        """Give nothing: all relevance goes to the activation and the bias."""
        return ()


@dataclass(frozen=True)
class Epsilon(_OwnActivation):
    r"""Share in proportion to the contributions: :math:`a_i w_{ij} / (z_j + \epsilon\, sign(z_j))`.

    ``epsilon`` is in root mean squares of z. Nearly zero gives gradient times input (with norms held
    constant); a larger one, as 0.1, takes weak and contradictory relevance away, which the account shows.
    """

    epsilon: float = STABILISER

    def surrogate(self, layer: LinearMap, activation: Tensor, sources: tuple[Tensor, ...]) -> Tensor:
        """See `Rule`."""
        z = layer(activation)
        return _valued(z, z, self.epsilon)


@dataclass(frozen=True)
class Gamma(_OwnActivation):
    r"""Favour contributions that have the sign of z: :math:`(z + \gamma P)` or :math:`(z + \gamma N)`.

    The rule of Montavon et al. 2019 for inputs of both signs (Andeol et al. 2021, arXiv:2105.06640). The
    denominator is never smaller than z, so it needs no stabiliser of weight.
    """

    gamma: float = 0.25

    def surrogate(self, layer: LinearMap, activation: Tensor, sources: tuple[Tensor, ...]) -> Tensor:
        """See `Rule`."""
        z = layer(activation)
        positive = layer.signed(activation, positive=True)
        return _valued(z + self.gamma * torch.where(z > 0, positive, z - positive), z)


@dataclass(frozen=True)
class AlphaBeta(_OwnActivation):
    r"""Share :math:`\alpha` over the positive and :math:`-\beta` over the negative contributions.

    Bach et al. 2015, doi:10.1371/journal.pone.0130140; :math:`\alpha - \beta = 1`. With ``beta = 0`` it is
    the z+ rule, whose maps depend little on the upper layers (Sixt et al. 2020, arXiv:1912.09818). A unit
    without contributions of a sign has nobody to hand that share to; it is lost, and the conservation check
    counts it.
    """

    beta: float = 0.0

    def surrogate(self, layer: LinearMap, activation: Tensor, sources: tuple[Tensor, ...]) -> Tensor:
        """See `Rule`."""
        with torch.no_grad():
            z = layer(activation)
        shared = (1 + self.beta) * _valued(layer.signed(activation, positive=True), z)
        if self.beta:
            shared = shared - self.beta * _valued(layer.signed(activation, positive=False), z)
        return shared


@dataclass(frozen=True)
class Flat:
    """For the input: all voxels that a unit sees get the same, so a zero is no longer without a voice.

    Montavon et al. 2019; the bias takes nothing.
    """

    def sources(self, activation: Tensor) -> tuple[Tensor, ...]:
        """Give ones."""
        return (torch.ones_like(activation),)

    def surrogate(self, layer: LinearMap, activation: Tensor, sources: tuple[Tensor, ...]) -> Tensor:
        """See `Rule`."""
        with torch.no_grad():
            z = layer(activation)
        return _valued(layer.apply(sources[0], torch.ones_like(layer.weight)), z)


@dataclass(frozen=True)
class Box:
    """For the input: contributions are counted from the darkest or brightest value of the channel.

    The z^B rule of Montavon et al. 2017, doi:10.1016/j.patcog.2016.11.008.
    """

    def sources(self, activation: Tensor) -> tuple[Tensor, ...]:
        """Give minimum and maximum of each channel."""
        axes = tuple(range(2, activation.ndim))
        return tuple(
            extreme(activation, dim=axes, keepdim=True).expand_as(activation).clone()
            for extreme in (torch.amin, torch.amax)
        )

    def surrogate(self, layer: LinearMap, activation: Tensor, sources: tuple[Tensor, ...]) -> Tensor:
        """See `Rule`."""
        low, high = sources
        z = layer(activation)
        bounds = layer.apply(low, layer.weight.clamp(min=0)) + layer.apply(high, layer.weight.clamp(max=0))
        return _valued(z - bounds, z.detach())


def _valued(shares: Tensor, z: Tensor, epsilon: float = STABILISER) -> Tensor:
    """Scale shares to the value of z; the factor is a constant of the backward pass."""
    with torch.no_grad():
        size = epsilon * shares.square().mean().sqrt() + torch.finfo(shares.dtype).tiny
        factor = z / (shares + torch.where(shares < 0, -size, size))
    return shares * factor
