"""A convolution as a linear map with its weight and bias laid open, and in a form that follows a rule."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.conv import _ConvNd

if TYPE_CHECKING:
    from bidsapp.explain.rules import Rule


class LinearMap:
    """A convolution, plain or transposed.

    Parameters
    ----------
    convolution
        Is not changed.
    bias
        Shape ``(channels,)``.
    """

    def __init__(self, convolution: _ConvNd, bias: Tensor) -> None:
        self._bare = copy(convolution)
        self._bare._parameters = {**convolution._parameters, "bias": None}
        self.weight: Tensor = convolution.weight
        self.bias = bias.reshape(-1, *[1] * (convolution.weight.ndim - 2))

    def __call__(self, activation: Tensor) -> Tensor:
        """Give the layer's output."""
        return self.apply(activation, self.weight) + self.bias

    def apply(self, activation: Tensor, weight: Tensor) -> Tensor:
        """Apply another weight, without bias."""
        result: Tensor = functional_call(self._bare, {"weight": weight}, (activation,))
        return result

    def signed(self, activation: Tensor, *, positive: bool) -> Tensor:
        """Sum the contributions of one sign, the bias among them."""
        same, other = self.weight.clamp(min=0), self.weight.clamp(max=0)
        bias = self.bias.clamp(min=0) if positive else self.bias.clamp(max=0)
        if not positive:
            same, other = other, same
        total = self.apply(activation.clamp(min=0), same) + bias
        if (activation < 0).any():
            total = total + self.apply(activation.clamp(max=0), other)
        return total


class RuledLayer(nn.Module):
    """A convolution whose backward pass follows a rule; its forward pass is its own.

    Attributes
    ----------
    bias
        Takes relevance like an activation of one.
    sources
        What else took part in the forward pass, see `Rule.sources`.
    """

    def __init__(self, convolution: _ConvNd, rule: Rule) -> None:
        super().__init__()
        bias = convolution.bias
        zeros = convolution.weight.new_zeros(convolution.out_channels)
        self.convolution = convolution
        self.bias = nn.Parameter(zeros if bias is None else bias.detach().clone())
        self.rule = rule
        self.sources: list[Tensor] = []

    def forward(self, activation: Tensor) -> Tensor:
        """Convolve ``(1, channels, *spatial)``."""
        sources = tuple(source.requires_grad_() for source in self.rule.sources(activation.detach()))
        self.sources.extend(sources)
        result: Tensor = _Ruled.apply(self, activation, self.bias, *sources)  # type: ignore[no-untyped-call]
        return result


class _Ruled(torch.autograd.Function):
    """Keeps only what went in, and builds the surrogate when the gradient comes: little memory."""

    @staticmethod
    def forward(ctx: Any, layer: RuledLayer, activation: Tensor, bias: Tensor, *sources: Tensor) -> Tensor:
        ctx.layer = layer
        ctx.save_for_backward(activation, bias, *sources)
        return LinearMap(layer.convolution, bias)(activation)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        with torch.enable_grad():
            leaves = [saved.detach().requires_grad_() for saved in ctx.saved_tensors]
            activation, bias, *sources = leaves
            layer = LinearMap(ctx.layer.convolution, bias)
            surrogate = ctx.layer.rule.surrogate(layer, activation, tuple(sources))
            return None, *torch.autograd.grad(
                surrogate, leaves, gradients, allow_unused=True, materialize_grads=True
            )
