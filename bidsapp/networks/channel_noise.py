"""Layers of noise by channel: Bernoulli dropout, and Gaussian dropout with learned rates."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

LOG_ALPHA = (-8.0, 0.0)  # alpha up to 1, beyond which noise outweighs the signal (Kingma et al. 2015)


class ChannelNoise(nn.Module, ABC):
    """Multiplies each channel by random noise of mean 1.

    In training mode the noise is drawn anew for each pass and image, from torch's global generator. In
    evaluation mode the layer does nothing, unless `networks.dropout.one_draw` holds a draw.

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
