"""Layers of sparse volumes; their weights have the names and shapes of the dense layers that they equal."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from bidsapp.errors import BadDataError
from bidsapp.networks.sparse import SparseVolumes, convolve, convolve_strided


class SubmanifoldConv3d(nn.Conv3d):
    """Convolution that leaves the sites as they are.

    Parameters
    ----------
    inputs, outputs
        Channels.
    kernel
        Width, odd.
    bias
        Whether sites get a bias.

    Notes
    -----
    Equals its parent with padding ``kernel // 2`` at the sites, and takes over its weights.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, *, bias: bool = True) -> None:
        if kernel % 2 == 0:
            raise BadDataError(f"A submanifold convolution needs a kernel of odd width, not {kernel}.")
        super().__init__(inputs, outputs, kernel, padding=kernel // 2, bias=bias)

    def forward(self, volumes: SparseVolumes) -> SparseVolumes:  # type: ignore[override]
        """Convolve."""
        return convolve(volumes, self.weight, self.bias)


class SparseConv3d(nn.Conv3d):
    """Convolution with a stride; a site of the output is a window with any site of the input.

    Parameters
    ----------
    inputs, outputs
        Channels.
    kernel, stride, padding
        The same along each axis.
    bias
        Whether sites get a bias.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        stride: int = 2,
        padding: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding, bias=bias)

    def forward(self, volumes: SparseVolumes) -> SparseVolumes:  # type: ignore[override]
        """Convolve."""
        stride, padding = self.stride[0], cast("tuple[int, ...]", self.padding)[0]
        return convolve_strided(volumes, self.weight, self.bias, stride=stride, padding=padding)


class SparseBatchNorm(nn.BatchNorm1d):
    """Batch normalisation over the sites of all volumes.

    A batch with fewer than two sites has no variance: it is normalised by the running statistics, in training
    too, and does not change them.
    """

    def forward(self, volumes: SparseVolumes) -> SparseVolumes:  # type: ignore[override]
        """Normalise."""
        if self.training and len(volumes.features) > 1:
            return volumes.with_features(super().forward(volumes.features))
        known = nn.functional.batch_norm(
            volumes.features, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )
        return volumes.with_features(known)


class SparseActivation(nn.Module):
    """An activation at each site; one that maps 0 to 0 equals its dense use everywhere.

    Parameters
    ----------
    activation
        Any module that works number by number.
    """

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, volumes: SparseVolumes) -> SparseVolumes:
        """Apply."""
        return volumes.with_features(self.activation(volumes.features))


class SparsePool(nn.Module):
    """One vector for each volume: mean and maximum over its sites, and how many there are.

    The number is the logarithm of one plus the count, which tells a small lesion from a large one.
    """

    def forward(self, volumes: SparseVolumes) -> Tensor:
        """Give shape ``(n, 2 * channels + 1)``; zeros for a volume without a site."""
        count = volumes.sites.counts.to(volumes.features.dtype).log1p()
        return torch.cat([volumes.pooled("mean"), volumes.pooled("max"), count[:, None]], dim=1)
