"""Encoder and decoder of whole axial slices, which show what a patch of 15 voxels cannot: both hemispheres.

The encoder halves the slice four times. Each voxel is described by codes at three of these scales, coarser
ones with more channels. With 16 latent numbers the codes hold less than a quarter of the numbers of a
one-channel slice, and the decoder sees nothing else: it has no room to copy what no control has.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bidsapp.errors import BadDataError

FILTERS = (16, 24, 32, 48)
SCALES = (4, 8, 16)
MINIMUM_LATENT = 8


@dataclass(frozen=True)
class SliceShape:
    """What a network of slices is built for.

    Attributes
    ----------
    channels
        Images that make up a slice.
    latent
        Length of the latent vector of a voxel, 8 or more: an eighth at scale 4, a quarter at 8, the rest
        at 16.
    """

    channels: int = 1
    latent: int = 16

    def __post_init__(self) -> None:
        if self.latent < MINIMUM_LATENT:
            raise BadDataError(
                f"A network of slices needs {MINIMUM_LATENT} latent numbers or more, not {self.latent}."
            )

    @property
    def codes(self) -> tuple[int, ...]:
        """Channels of the code at each scale."""
        fine, middle = self.latent // 8, self.latent // 4
        return fine, middle, self.latent - fine - middle


class SliceEncoder(nn.Module):
    """From slices to codes at three scales; ``outputs`` codes each (2: mean, log-variance)."""

    def __init__(self, shape: SliceShape, outputs: int = 1) -> None:
        super().__init__()
        before = (shape.channels, *FILTERS[:-1])
        self.downs = nn.ModuleList(_block(i, o, stride=2) for i, o in zip(before, FILTERS, strict=True))
        self.codes = nn.ModuleList(
            nn.Conv2d(filters, outputs * count, 1)
            for filters, count in zip(FILTERS[1:], shape.codes, strict=True)
        )

    def forward(self, slices: Tensor) -> list[Tensor]:
        """Encode slices.

        Parameters
        ----------
        slices
            Shape ``(n, channels, x, y)``.

        Returns
        -------
        list of Tensor
            Finest first, shape ``(n, outputs * code, x / scale, y / scale)``, rounded up to whole cells of
            the coarsest scale.
        """
        values, found = self.downs[0](padded(slices)), []
        for down, code in zip(list(self.downs)[1:], self.codes, strict=True):
            values = down(values)
            found.append(code(values))
        return found


class SliceDecoder(nn.Module):
    """From codes at three scales to slices, from the coarsest up."""

    def __init__(self, shape: SliceShape) -> None:
        super().__init__()
        after = (*FILTERS[-2::-1], FILTERS[0])
        before = (0, *FILTERS[-2::-1])
        codes = (*shape.codes[::-1], 0)
        self.ups = nn.ModuleList(_block(i + code, o) for i, code, o in zip(before, codes, after, strict=True))
        self.last = nn.Conv2d(FILTERS[0], shape.channels, 3, padding=1)

    def forward(self, codes: list[Tensor], size: torch.Size) -> Tensor:
        """Decode to slices of a size (x, y)."""
        values = codes[-1]
        for up, code in zip(self.ups, [*codes[-2::-1], None, None], strict=True):
            values = nn.functional.interpolate(up(values), scale_factor=2.0)
            if code is not None:
                values = torch.cat([values, code], dim=1)
        drawn: Tensor = self.last(values)
        return drawn[..., : size[0], : size[1]]


def padded(slices: Tensor) -> Tensor:
    """Add zeros after the last voxels, up to a multiple of the coarsest scale."""
    x, y = slices.shape[-2:]
    return nn.functional.pad(slices, [0, -y % SCALES[-1], 0, -x % SCALES[-1]])


def at_every_voxel(codes: list[Tensor], size: torch.Size) -> Tensor:
    """Bring codes to the grid of the slices (linear between cells), shape ``(n, latent, x, y)``."""
    x, y = (-(-side // SCALES[-1]) * SCALES[-1] for side in size)
    grown = [nn.functional.interpolate(code, size=(x, y), mode="bilinear") for code in codes]
    return torch.cat(grown, dim=1)[..., : size[0], : size[1]]


def as_vectors(codes: list[Tensor]) -> Tensor:
    """Give the latent vector of each cell of the finest code, ``(n * cells, latent)``, slice by slice."""
    finest = codes[0].shape[-2:]
    grown = [nn.functional.interpolate(code, size=finest) for code in codes]
    return torch.cat(grown, dim=1).movedim(1, -1).flatten(0, 2)


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1),
        nn.BatchNorm2d(outputs),
        nn.GELU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.GELU(),
    )
