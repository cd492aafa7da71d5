"""Noise by channel that makes one network many: Bernoulli dropout, and Gaussian dropout with learned rates.

Noise by channel stands for one draw of the weights that leave the channel. A draw can be held over many
forward passes: in sliding-window inference all windows of a sample must see the same weights, or their
average hides part of the variance.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

Kind = Literal["none", "bernoulli", "gaussian"]
CENTRAL = ("down_3", "down_4", "upcat_4", "upcat_3")
LOG_ALPHA = (-8.0, 0.0)  # alpha up to 1, beyond which noise outweighs the signal (Kingma et al. 2015)


class ChannelNoise(nn.Module, ABC):
    """Multiplies each channel by random noise of mean 1.

    In training mode the noise is drawn anew for each pass and image, from torch's global generator. In
    evaluation mode the layer does nothing, unless :func:`one_draw` holds a draw.

    Parameters
    ----------
    channels
        Number of channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.held: Tensor | None = None

    @abstractmethod
    def draw(self, images: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw noise of shape ``(images, channels)``; from a generator of the CPU, or the global one."""

    def forward(self, features: Tensor) -> Tensor:
        """Apply to features of shape ``(images, channels, x, y, z)``."""
        if self.held is not None:
            noise = self.held
        elif self.training:
            noise = self.draw(len(features))
        else:
            return features
        return features * noise.to(features)[..., None, None, None]


class BernoulliDropout(ChannelNoise):
    """Sets whole channels to 0 and scales up the others (Tompson et al. 2015; Gal and Ghahramani 2016).

    Parameters
    ----------
    channels
        Number of channels.
    rate
        Probability of 0.
    """

    def __init__(self, channels: int, rate: float) -> None:
        super().__init__(channels)
        self.rate = rate

    def draw(self, images: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw 0 with probability ``rate``, else 1 / (1 - rate)."""
        return (torch.rand(images, self.channels, generator=generator) >= self.rate) / (1 - self.rate)


class GaussianDropout(ChannelNoise):
    """Gaussian noise of mean 1 and learned variance alpha, one for each channel (Kingma et al. 2015).

    Noise on a channel is noise on all weights that leave it, which is their correlated posterior ("type B").
    Log alpha is kept within `LOG_ALPHA` by a sigmoid: a hard clip would leave no gradient at its ends.

    Parameters
    ----------
    channels
        Number of channels.
    rate
        Where learning starts, as the Bernoulli rate of the same variance: alpha = rate / (1 - rate).
    """

    def __init__(self, channels: int, rate: float) -> None:
        super().__init__(channels)
        low, high = LOG_ALPHA
        share = (math.log(rate / (1 - rate)) - low) / (high - low)
        self.place = nn.Parameter(torch.full((channels,), math.log(share / (1 - share))))

    @property
    def log_alpha(self) -> Tensor:
        """Logarithm of the variance, shape ``(channels,)``."""
        low, high = LOG_ALPHA
        return low + (high - low) * torch.sigmoid(self.place)

    def draw(self, images: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw from N(1, alpha); gradients reach alpha."""
        noise = torch.randn(images, self.channels, generator=generator).to(self.place)
        return 1 + (self.log_alpha / 2).exp() * noise

    def kl(self) -> Tensor:
        """Give the Kullback-Leibler divergence from the log-uniform prior, summed over channels.

        The approximation of Molchanov et al. 2017 (ICML, equation 14): 0 as alpha grows without bound.
        """
        wide, shift, slope = 0.63576, 1.87320, 1.48695
        log_alpha = self.log_alpha
        hill = wide * torch.sigmoid(shift + slope * log_alpha)
        return (wide - hill + 0.5 * nn.functional.softplus(-log_alpha)).sum()


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
