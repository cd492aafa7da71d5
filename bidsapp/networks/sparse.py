"""Volumes of which few voxels hold something, and their convolution: work grows with lesions, not heads.

Graham et al. 2018 (3D semantic segmentation with submanifold sparse convolutional networks, CVPR,
https://arxiv.org/abs/1711.10275), in plain torch: the same code on a processor and on a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bidsapp.networks.sparse_sites import Pairs, Sites


@dataclass(frozen=True, eq=False)
class SparseVolumes:
    """A batch of volumes, zero but at some sites.

    Attributes
    ----------
    sites
        Where they are not zero.
    features
        Shape ``(sites, channels)``.
    """

    sites: Sites
    features: Tensor

    @classmethod
    def from_dense(cls, volumes: Tensor, active: Tensor | None = None) -> SparseVolumes:
        """Keep the active voxels of volumes.

        Parameters
        ----------
        volumes
            Shape ``(n, channels, x, y, z)``.
        active
            Shape ``(n, x, y, z)``; where any channel is not zero if left out.
        """
        if active is None:
            active = (volumes != 0).any(dim=1)
        x, y, z = volumes.shape[2:]
        index = active.flatten().nonzero()[:, 0]
        features = volumes.movedim(1, -1)[active]
        return cls(Sites(index, (x, y, z), len(volumes)), features)

    def dense(self) -> Tensor:
        """Give whole volumes, shape ``(n, channels, x, y, z)``, zero where no site is."""
        x, y, z = self.sites.size
        flat = self.features.new_zeros(self.sites.batch * x * y * z, self.features.shape[1])
        flat = flat.index_copy(0, self.sites.index, self.features)
        return flat.reshape(self.sites.batch, x, y, z, -1).movedim(-1, 1)

    def with_features(self, features: Tensor) -> SparseVolumes:
        """Put other features on the same sites."""
        return SparseVolumes(self.sites, features)

    def pooled(self, how: str) -> Tensor:
        """Give one vector for each volume, from its sites alone.

        Parameters
        ----------
        how
            ``sum``, ``mean`` or ``max``.

        Returns
        -------
        Tensor
            Shape ``(n, channels)``; zeros for a volume without a site.
        """
        counts = self.sites.counts
        vectors = torch.segment_reduce(self.features, how, lengths=counts, axis=0)
        return vectors.where(counts[:, None] > 0, 0)


class _GatherConvolve(torch.autograd.Function):
    """Sum over offsets of features times the offset's matrix; no copy of neighbourhoods is kept for backward.

    Within one offset each row is read at most once and written at most once, so plain indexed writing
    replaces scattered addition: faster, and the same bits each time on a GPU too.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, pairs: Pairs, rows: int) -> Tensor:
        ctx.save_for_backward(features, weight)
        ctx.pairs = pairs
        result = features.new_zeros(rows, weight.shape[2])
        for matrix, (read, written) in zip(weight, pairs, strict=True):
            _add(result, written, features.index_select(0, read), matrix)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        features, weight = ctx.saved_tensors
        to_features, to_weight = torch.zeros_like(features), torch.empty_like(weight)
        for offset, (read, written) in enumerate(ctx.pairs):
            behind = gradient.index_select(0, written)
            _add(to_features, read, behind, weight[offset].T)
            to_weight[offset] = features.index_select(0, read).T @ behind
        return to_features, to_weight, None, None


def _add(result: Tensor, rows: Tensor, features: Tensor, matrix: Tensor) -> None:
    """Add ``features @ matrix`` to rows of a result, none of them twice, in place."""
    result.index_copy_(0, rows, torch.addmm(result.index_select(0, rows), features, matrix))


def convolve(volumes: SparseVolumes, weight: Tensor, bias: Tensor | None = None) -> SparseVolumes:
    """Convolve submanifold: the sites stay as they are.

    Parameters
    ----------
    volumes
        Input.
    weight
        Shape ``(outputs, inputs, k, k, k)`` as of `torch.nn.Conv3d`, k odd.
    bias
        Shape ``(outputs,)``.

    Returns
    -------
    SparseVolumes
        At each site what a dense convolution with stride 1 and padding ``k // 2`` gives there.
    """
    pairs = volumes.sites.neighbours(weight.shape[2])
    return SparseVolumes(volumes.sites, _convolved(volumes, weight, bias, pairs, len(volumes.features)))


def convolve_strided(
    volumes: SparseVolumes, weight: Tensor, bias: Tensor | None = None, *, stride: int = 2, padding: int = 1
) -> SparseVolumes:
    """Convolve with a stride: the sites of the output are the windows with any site of the input.

    Parameters
    ----------
    volumes, weight, bias
        As of `convolve`, k of any width.
    stride, padding
        As of `torch.nn.Conv3d`.

    Returns
    -------
    SparseVolumes
        At each site what the dense convolution gives there.
    """
    sites, pairs = volumes.sites.windows(weight.shape[2], stride, padding)
    return SparseVolumes(sites, _convolved(volumes, weight, bias, pairs, len(sites.index)))


def _convolved(
    volumes: SparseVolumes, weight: Tensor, bias: Tensor | None, pairs: Pairs, rows: int
) -> Tensor:
    by_offset = weight.flatten(2).permute(2, 1, 0).contiguous()
    apply = _GatherConvolve.apply
    result: Tensor = apply(volumes.features, by_offset, pairs, rows)  # type: ignore[no-untyped-call]
    return result if bias is None else result + bias
