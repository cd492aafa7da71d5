"""Encoders of volumes at low resolution that keep where in the brain something is.

A global average over positions cannot tell a lesion of the brainstem from one of a frontal pole; so features
are kept on a coarse grid of cells, which is flattened. Normalisation hides how much there is; so the mean of
the volume itself in each cell goes along.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool3d

from bidsapp.networks.sparse import SparseVolumes
from bidsapp.networks.sparse_layers import SparseActivation, SparseBatchNorm, SparseConv3d, SubmanifoldConv3d

FILTERS = (8, 16, 32)
CELLS = (4, 5, 4)
GROUPS = 4
SQUEEZED = 4


class CellHead(nn.Module):
    """One vector from features on a grid, position by position.

    Parameters
    ----------
    features, inputs
        Channels of the feature maps, and of the volumes.
    width
        Length of the vector.
    cells
        Along x, y and z.
    """

    def __init__(self, features: int, inputs: int, width: int, cells: tuple[int, int, int] = CELLS) -> None:
        super().__init__()
        self.cells = cells
        self.squeeze = nn.Conv3d(features, SQUEEZED, 1)
        x, y, z = cells
        self.last = nn.Linear((SQUEEZED + inputs) * x * y * z, width)

    def forward(self, maps: Tensor, volumes: Tensor) -> Tensor:
        """Give ``(n, width)`` from feature maps and volumes, ``(n, channels, *spatial)`` of any sizes."""
        seen = self.squeeze(adaptive_avg_pool3d(maps, self.cells))
        plain = adaptive_avg_pool3d(volumes, self.cells)
        vector: Tensor = self.last(torch.cat([seen, plain], dim=1).flatten(1))
        return vector


class VolumeEncoder(nn.Module):
    """Strided convolutions (MONAI's blocks, normalised by groups) and a head that knows positions.

    Parameters
    ----------
    inputs
        Channels of the volumes.
    width
        Length of the code.
    filters
        Channels of the stages, each a multiple of four; each stage halves the grid. Feature maps of the last
        one are what `Grad-CAM` looks at.
    cells
        Grid of the head along x, y and z.
    """

    def __init__(
        self,
        inputs: int = 1,
        width: int = 32,
        *,
        filters: Sequence[int] = FILTERS,
        cells: tuple[int, int, int] = CELLS,
    ) -> None:
        from monai.networks.blocks import Convolution

        super().__init__()
        norm = ("group", {"num_groups": GROUPS})
        before = (inputs, *filters[:-1])
        self.stages = nn.Sequential(
            *(
                Convolution(3, i, o, strides=2, norm=norm, act="gelu", adn_ordering="NA")
                for i, o in zip(before, filters, strict=True)
            )
        )
        self.head = CellHead(filters[-1], inputs, width, cells)

    def forward(self, volumes: Tensor) -> Tensor:
        """Encode.

        Parameters
        ----------
        volumes
            Shape ``(n, inputs, x, y, z)``, standard space, axes towards right, anterior, superior, about
            4 mm; standardised, 0 outside the brain.

        Returns
        -------
        Tensor
            Shape ``(n, width)``.
        """
        code: Tensor = self.head(self.stages(volumes), volumes)
        return code


class SparseVolumeEncoder(nn.Module):
    """Twin of `VolumeEncoder` for lesion masks and thresholded anomaly maps: computes where they are not 0.

    Parameters
    ----------
    inputs, width, filters, cells
        As of `VolumeEncoder`; before each stage that halves the grid there is one that leaves it.
    """

    def __init__(
        self,
        inputs: int = 1,
        width: int = 32,
        *,
        filters: Sequence[int] = FILTERS,
        cells: tuple[int, int, int] = CELLS,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((inputs, *filters[:-1]), filters, strict=True):
            for layer in (SubmanifoldConv3d(before, after), SparseConv3d(after, after)):
                layers += [layer, SparseBatchNorm(after), SparseActivation(nn.GELU())]
        self.stages = nn.Sequential(*layers)
        self.head = CellHead(filters[-1], inputs, width, cells)

    def forward(self, volumes: Tensor) -> Tensor:
        """Encode volumes as :meth:`VolumeEncoder.forward` does; one that is 0 everywhere has a code too."""
        sparse: SparseVolumes = self.stages(SparseVolumes.from_dense(volumes))
        code: Tensor = self.head(sparse.dense(), volumes)
        return code
