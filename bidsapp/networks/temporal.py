"""Encoder of signals over time, of any length and spacing, which reads when and how long each frame was.

The resting state has no time of its own: what counts is which regions move together. A dynamic PET scan has:
uptake is a curve from injection on, in frames of seconds to minutes. The encoder offers both to what follows:
attention over frames that know their times, and the covariance of signals, each frame weighted by its length.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bidsapp.errors import BadDataError
from bidsapp.networks.attention import GatedAttention

PERIODS = (1.0, 2.0**13)  # seconds: from a fast BOLD frame to beyond two hours of PET
FREQUENCIES = 8
HEADS = 4
SOURCES = 8


def time_features(times: Tensor, durations: Tensor) -> Tensor:
    """Describe when frames were taken and how long they are.

    Parameters
    ----------
    times, durations
        Middle and length of frames in seconds, shape ``(n, frames)``; time 0 is injection, or the first
        frame.

    Returns
    -------
    Tensor
        Shape ``(n, frames, 18)``: sines and cosines of periods in geometric steps (Vaswani et al. 2017), and
        logarithms of time and length.
    """
    first, last = PERIODS
    steps = torch.linspace(0, 1, FREQUENCIES, dtype=torch.float64, device=times.device)
    angular = 2 * math.pi / (first * (last / first) ** steps)
    phase = times.double()[..., None] * angular
    logarithms = torch.stack([times.clamp(min=0).log1p(), durations.log1p()], dim=-1) / math.log(last)
    return torch.cat([phase.sin(), phase.cos(), logarithms.double()], dim=-1).float()


class SeriesEncoder(nn.Module):
    """One vector from a series: a transformer layer over frames, attention over time, and covariance.

    Parameters
    ----------
    regions
        Signals of a frame.
    width
        Length of the code, a multiple of four.
    layers
        Of the transformer.
    """

    def __init__(self, regions: int, width: int = 32, *, layers: int = 1) -> None:
        super().__init__()
        self.frame = nn.Linear(regions, width)
        self.time = nn.Linear(2 * FREQUENCIES + 2, width)
        layer = nn.TransformerEncoderLayer(
            width, HEADS, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.mixing = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.attention = GatedAttention(width)
        self.sources = nn.Linear(regions, SOURCES, bias=False)
        self.last = nn.Linear(width + SOURCES * (SOURCES + 1) // 2, width)

    def forward(self, values: Tensor, times: Tensor, durations: Tensor, mask: Tensor) -> Tensor:
        """Encode.

        Parameters
        ----------
        values
            Signals of regions, standardised, shape ``(n, frames, regions)``.
        times, durations
            Middle and length of frames in seconds, shape ``(n, frames)``.
        mask
            Which frames are real, shape ``(n, frames)``; padding may stand anywhere and hold anything.

        Returns
        -------
        Tensor
            Shape ``(n, width)``.

        Raises
        ------
        BadDataError
            A series has no frame, or a frame no length.
        """
        if not bool(mask.any(dim=1).all()):
            raise BadDataError("A series without any frame cannot be encoded; leave it out of the batch.")
        if bool((mask & ~(durations > 0)).any()):
            raise BadDataError("A frame of a series has no length; give durations in seconds, above 0.")
        values = values.where(mask[..., None], 0)
        times, durations = times.where(mask, 0), durations.where(mask, 0)
        frames = self.frame(values) + self.time(time_features(times, durations))
        mixed = self.mixing(frames, src_key_padding_mask=~mask)
        curve, _ = self.attention(mixed, mask)
        code: Tensor = self.last(torch.cat([curve, self._covariance(values, durations)], dim=1))
        return code

    def _covariance(self, values: Tensor, durations: Tensor) -> Tensor:
        """Give the covariance of learned mixtures of the regions, shape ``(n, 36)``."""
        weights = (durations / durations.sum(dim=1, keepdim=True))[..., None]
        sources: Tensor = self.sources(values)
        centred = sources - (weights * sources).sum(dim=1, keepdim=True)
        covariance = centred.mT @ (weights * centred)
        rows, columns = torch.tril_indices(SOURCES, SOURCES, device=values.device)
        return covariance[:, rows, columns]
