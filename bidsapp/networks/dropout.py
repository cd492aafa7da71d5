"""Noise that makes one network many: where it goes, how a draw of it is held, what it costs.

Noise by channel stands for one draw of the weights that leave the channel. A draw can be held over many
forward passes: in sliding-window inference all windows of a sample must see the same weights, or their
average hides part of the variance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Literal

import torch
from torch import Tensor, nn

from bidsapp.networks.channel_noise import BernoulliDropout, ChannelNoise, GaussianDropout

Kind = Literal["none", "bernoulli", "gaussian"]
CENTRAL = ("down_3", "down_4", "upcat_4", "upcat_3")


def with_dropout(
    network: nn.Module, kind: Kind, rate: float = 0.2, blocks: Sequence[str] = CENTRAL
) -> nn.Module:
    """Put noise behind the activations of some blocks of a `monai.networks.nets.BasicUNet`.

    By default behind each convolution of the two deepest levels of either path. There one channel speaks for
    a whole region; noise near the input or the output costs accuracy and adds little (Kendall et al. 2015,
    Bayesian SegNet: "central" dropout). Behind the activation it is noise on the next layer's weights.
    Bernoulli noise adds no weights, so that a bundle can be read with it or without.

    Parameters
    ----------
    network
        Changed in place.
    kind
        ``none`` leaves it as it is.
    rate
        Dropout rate, between 0 and 1; that of Gaussian noise below 0.5 is where its learning starts.
    blocks
        Names of the network's blocks.

    Returns
    -------
    Module
        The same network.

    Raises
    ------
    ValueError
        The rate is out of range, or a block has no convolutions.
    """
    from monai.networks.blocks import Convolution

    if kind == "none":
        return network
    most = 0.5 if kind == "gaussian" else 1.0
    if not 0 < rate < most:
        raise ValueError(f"{kind} dropout needs a rate between 0 and {most:g}, not {rate:g}")
    layer = GaussianDropout if kind == "gaussian" else BernoulliDropout
    for name in blocks:
        found = [each for each in network.get_submodule(name).modules() if isinstance(each, Convolution)]
        if not found:
            raise ValueError(f"Block {name} has no convolutions to put dropout behind")
        for each in found:
            each.add_module("D", layer(each.conv.out_channels, rate))
    return network


def without_dropout(network: nn.Module) -> nn.Module:
    """Copy a network of :func:`with_dropout` without its noise: what its samples scatter around."""
    copy = deepcopy(network)
    for name, module in list(copy.named_modules()):
        if isinstance(module, ChannelNoise):
            copy.set_submodule(name, nn.Identity())
    return copy


@contextmanager
def one_draw(network: nn.Module, generator: torch.Generator) -> Iterator[None]:
    """Hold one draw of all noise: within, the network is one fixed sample of itself.

    All else stays in its mode. The same state of the generator gives the same sample on every device.

    Parameters
    ----------
    network
        With layers of :func:`with_dropout`.
    generator
        Of the CPU; moves on by one draw.

    Raises
    ------
    ValueError
        The network has no noise: its samples would all be equal.
    """
    layers = _noise_of(network)
    if not layers:
        raise ValueError("A network without dropout has one sample only")
    with torch.no_grad():
        for layer in layers:
            layer.held = layer.draw(1, generator)
    try:
        yield
    finally:
        for layer in layers:
            layer.held = None


def kl(network: nn.Module) -> Tensor:
    """Give the divergence of all learned rates from their prior, a scalar; 0 without Gaussian dropout.

    In the loss it stands over the number of training images, next to the mean loss of an image.
    """
    layers = [layer for layer in _noise_of(network) if isinstance(layer, GaussianDropout)]
    return torch.stack([layer.kl() for layer in layers]).sum() if layers else torch.zeros(())


def _noise_of(network: nn.Module) -> list[ChannelNoise]:
    return [module for module in network.modules() if isinstance(module, ChannelNoise)]
