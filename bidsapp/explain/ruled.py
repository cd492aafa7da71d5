"""A copy of a network, for one image, in which every layer has a rule for relevance."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from monai.networks.blocks.activation import MemoryEfficientSwish, Mish, Swish
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.padding import _ConstantPadNd, _ReflectionPadNd, _ReplicationPadNd
from torch.nn.modules.pooling import _AdaptiveAvgPoolNd, _AvgPoolNd, _MaxPoolNd

from bidsapp.explain.copies import own_copy
from bidsapp.explain.linear import RuledLayer
from bidsapp.explain.norms import HeldNorm, merge
from bidsapp.explain.rules import Gamma, Rule
from bidsapp.explain.trace import traced

RECTIFIERS = (nn.ReLU, nn.LeakyReLU, nn.PReLU)
_CURVED = (nn.GELU, nn.SiLU, nn.ELU, nn.CELU, nn.Mish, nn.Tanh, Swish, Mish, MemoryEfficientSwish)
_OWN_GRADIENT = (
    *RECTIFIERS,
    nn.Identity,
    nn.Upsample,
    nn.PixelShuffle,
    _DropoutNd,
    _MaxPoolNd,
    _AvgPoolNd,
    _AdaptiveAvgPoolNd,
    _ConstantPadNd,
    _ReflectionPadNd,
    _ReplicationPadNd,
)


@dataclass(frozen=True)
class Rules:
    """Which rule convolutions follow: those that read the image, and all others."""

    first: Rule = field(default_factory=Gamma)
    others: Rule = field(default_factory=Gamma)


class PassThrough(nn.Module):
    """An activation that hands its relevance on unchanged (rectifiers do so by their own gradient)."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, values: Tensor) -> Tensor:
        """Activate; values of zero have no relevance to hand on."""
        with torch.no_grad():
            ratio = self.activation(values) / values
        return values * torch.where(values == 0, 0, ratio)


def ruled_copy(network: nn.Module, image: Tensor, rules: Rules) -> nn.Module:
    """Copy a network and give each layer its rule; norms are merged with the statistics of this image.

    Parameters
    ----------
    network
        Any network of convolutions, plain or transposed, batch, instance or group norms, activations of one
        number, pooling, padding, dropout, interpolation, sums and concatenations.
    image
        Shape ``(1, channels, x, y, z)``; the copy holds for this image alone.
    rules
        Rules of the convolutions.

    Returns
    -------
    Module
        Gives what the network gives; its gradient times what goes in is relevance, see `rules`.

    Raises
    ------
    ValueError
        A layer has no rule, or a norm is used twice, or the copy does not give what the network gives.
    """
    copy = own_copy(network)
    trace = traced(copy, image)
    for name, numbers in trace.norms.items():
        _settle_norm(copy, name, numbers, trace.before.get(name))
    for name, module in list(copy.named_modules()):
        if isinstance(module, _ConvNd):
            rule = rules.first if name in trace.readers else rules.others
            copy.set_submodule(name, RuledLayer(module, rule))
        elif isinstance(module, _CURVED):
            copy.set_submodule(name, PassThrough(module))
        elif not any(module.children()) and not isinstance(module, (*_OWN_GRADIENT, HeldNorm)):
            raise ValueError(f"Relevance has no rule for the layer {name} ({type(module).__name__}).")
    with torch.no_grad():
        difference = (copy(image) - trace.output).abs().max()
    if difference > 1e-3 * trace.output.abs().max():
        raise ValueError(
            "The network cannot be written as layers with rules: a norm and another layer read the same "
            "convolution, or layers are called outside of its modules."
        )
    return copy


def _settle_norm(
    network: nn.Module, name: str, numbers: tuple[Tensor, Tensor], convolution: str | None
) -> None:
    """Merge a norm into the convolution before it, or hold its numbers where there is none."""
    if convolution is None:
        network.set_submodule(name, HeldNorm(*numbers))
        return
    module = network.get_submodule(convolution)
    assert isinstance(module, _ConvNd)
    merge(module, *numbers)
    network.set_submodule(name, nn.Identity())
