"""Encoder and decoder of small patches, in two or three dimensions, and their dense form for whole images.

The layers are those of the patch auto-encoders of Alaverdyan et al. (2020, Medical Image Analysis 60:101618):
15 voxels on a side become 11, 9, 3 and 1 by kernels of 5, 3, 3 and 3, the third with a stride of 3, without
padding; 3, 4, 12 and 16 filters; GELU and batch normalisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

SIDE = 15
KERNELS = (5, 3, 3, 3)
STRIDES = (1, 1, 3, 1)
FILTERS = (3, 4, 12, 16)
_CONVOLUTIONS = {2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
_NORMS = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


@dataclass(frozen=True)
class PatchShape:
    """What a patch network is built for.

    Attributes
    ----------
    channels
        Images that make up a patch.
    dimensions
        2 (axial) or 3.
    latent
        Length of the latent vector.
    width
        The papers' filters of the inner layers are multiplied by this.
    """

    channels: int = 1
    dimensions: int = 2
    latent: int = FILTERS[-1]
    width: int = 1

    @property
    def filters(self) -> tuple[int, ...]:
        """Filters of each layer."""
        return (*(self.width * filters for filters in FILTERS[:-1]), self.latent)

    @property
    def size(self) -> tuple[int, ...]:
        """Shape of a patch without channels."""
        return (SIDE,) * self.dimensions


class PatchEncoder(nn.Module):
    """From patches to latent vectors.

    Parameters
    ----------
    shape
        What it is built for.
    outputs
        Vectors of ``shape.latent`` numbers each: two for a variational encoder (mean, log-variance).
    normalised
        With batch normalisation; critics do without.
    """

    def __init__(self, shape: PatchShape, outputs: int = 1, *, normalised: bool = True) -> None:
        super().__init__()
        self.shape = shape
        before = (shape.channels, *shape.filters[:-1])
        after = (*shape.filters[:-1], shape.latent * outputs)
        build = _CONVOLUTIONS[shape.dimensions]
        self.layers = nn.ModuleList(
            build(i, o, kernel, stride)
            for i, o, kernel, stride in zip(before, after, KERNELS, STRIDES, strict=True)
        )
        self.norms = _norms(shape, after[:-1], normalised=normalised)
        if not normalised:
            _keep_variance(self.layers)

    def forward(self, patches: Tensor) -> Tensor:
        """Encode patches of shape ``(n, channels, 15, 15[, 15])`` to ``(n, latent)``."""
        for number in range(len(self.layers)):
            patches = self.apply_layer(number, patches)
        return patches.flatten(1)

    def apply_layer(self, number: int, values: Tensor) -> Tensor:
        """Apply one layer to what the layer before gave."""
        return _apply_layer(self.layers, self.norms, number, values)

    def dense(self, images: Tensor, spacing: int = 1) -> Tensor:
        """Encode the patch around every voxel at once (strides become dilations; Giusti et al. 2013).

        Parameters
        ----------
        images
            Shape ``(n, channels, *spatial)``.
        spacing
            Voxels between two neighbours of a patch, see `patches_at`.

        Returns
        -------
        Tensor
            Shape ``(n, latent, *spatial)``; beyond the border the image is taken as zero. Patch by patch
            gives the same to rounding: bit for bit at most sizes in two dimensions, to 1e-6 in three (torch's
            convolution of a patch itself depends on the patches it is computed with).
        """
        half = SIDE // 2 * spacing
        values = nn.functional.pad(images, [half] * 2 * self.shape.dimensions)
        convolve = nn.functional.conv2d if self.shape.dimensions == 2 else nn.functional.conv3d
        dilation = spacing
        for number, module in enumerate(self.layers):
            layer = cast("nn.Conv3d", module)
            values = convolve(values, layer.weight, layer.bias, dilation=dilation)
            dilation *= STRIDES[number]
            if number < len(self.norms):
                values = self.norms[number](nn.functional.gelu(values))
        return values


class PatchDecoder(nn.Module):
    """From latent vectors to patches: the encoder's layers in reverse.

    Parameters
    ----------
    shape
        What it is built for.
    inputs
        Length of the vectors; ``shape.latent`` if not given.
    normalised
        With batch normalisation; generators that must draw single patches as they drew batches do without.
    """

    def __init__(self, shape: PatchShape, inputs: int | None = None, *, normalised: bool = True) -> None:
        super().__init__()
        self.shape = shape
        before = (inputs or shape.latent, *shape.filters[-2::-1])
        after = (*shape.filters[-2::-1], shape.channels)
        build = _TRANSPOSED[shape.dimensions]
        self.layers = nn.ModuleList(
            build(i, o, kernel, stride)
            for i, o, kernel, stride in zip(before, after, KERNELS[::-1], STRIDES[::-1], strict=True)
        )
        self.norms = _norms(shape, after[:-1], normalised=normalised)
        if not normalised:
            _keep_variance(self.layers)

    def forward(self, latent: Tensor) -> Tensor:
        """Decode vectors of shape ``(n, latent)`` to patches."""
        values = latent.reshape(*latent.shape, *(1,) * self.shape.dimensions)
        for number in range(len(self.layers)):
            values = self.apply_layer(number, values)
        return values

    def apply_layer(self, number: int, values: Tensor) -> Tensor:
        """Apply one layer to what the layer before gave."""
        return _apply_layer(self.layers, self.norms, number, values)


def _norms(shape: PatchShape, filters: Sequence[int], *, normalised: bool) -> nn.ModuleList:
    return nn.ModuleList(_NORMS[shape.dimensions](n) if normalised else nn.Identity() for n in filters)


def _keep_variance(layers: nn.ModuleList) -> None:
    """Start so that signals do not fade from layer to layer (He et al. 2015), as no norm holds them up."""
    for module in layers:
        layer = cast("nn.Conv3d", module)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(cast("Tensor", layer.bias))


def _apply_layer(layers: nn.ModuleList, norms: nn.ModuleList, number: int, values: Tensor) -> Tensor:
    result: Tensor = layers[number](values)
    if number < len(norms):
        result = norms[number](nn.functional.gelu(result))
    return result


def patches_at(volume: Tensor, centres: Tensor, dimensions: int, spacing: int = 1) -> Tensor:
    """Cut the patches around voxels; beyond the border the volume is zero.

    Parameters
    ----------
    volume
        Shape ``(channels, x, y, z)``.
    centres
        Voxel indices, shape ``(n, 3)``.
    dimensions
        2: patches in the plane of the first two axes (axial in RAS); 3: cubes.
    spacing
        Voxels between two neighbours of a patch: with 3, a patch reaches over 45 voxels.

    Returns
    -------
    Tensor
        Shape ``(n, channels, 15, 15[, 15])``.
    """
    half = SIDE // 2 * spacing
    sides = (half, half, half if dimensions == 3 else 0)
    padded = nn.functional.pad(volume, [side for side in reversed(sides) for _ in range(2)])
    reach = [torch.arange(0, 2 * side + 1, spacing, device=centres.device) for side in sides]
    x, y, z = (
        centres[:, axis].reshape(-1, 1, 1, 1) + _along(offsets, axis) for axis, offsets in enumerate(reach)
    )
    patches = padded[:, x, y, z].movedim(1, 0)
    return patches if dimensions == 3 else patches[..., 0]


def _along(offsets: Tensor, axis: int) -> Tensor:
    shape: Sequence[int] = [1, *(-1 if i == axis else 1 for i in range(3))]
    return offsets.reshape(*shape)
