"""Clusters: connected voxels beyond a threshold, with how large they are and how far they deviate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_CONNECTED_26 = np.ones((3, 3, 3), dtype=np.int8)


@dataclass(frozen=True, eq=False)
class Cluster:
    """Connected voxels (26 neighbours) of one sign beyond a threshold.

    Attributes
    ----------
    voxels
        Indices, shape ``(size, 3)``.
    peak
        Index of the voxel that deviates most.
    peak_value, mean_value
        With the map's sign.
    mass
        Sum over the voxels of the absolute value less the threshold (Bullmore 1999, cluster mass).
    """

    voxels: NDArray[np.intp]
    peak: tuple[int, int, int]
    peak_value: float
    mean_value: float
    mass: float

    @property
    def size(self) -> int:
        """Number of voxels."""
        return int(self.voxels.shape[0])


def find_clusters(values: NDArray[np.floating], threshold: float) -> list[Cluster]:
    """Find the clusters above ``threshold`` and, of the other sign, below minus ``threshold``.

    Parameters
    ----------
    values
        Signed map, shape ``(x, y, z)``.
    threshold
        Above 0.

    Returns
    -------
    clusters
        By mass, largest first; equal masses in the order of their peaks.
    """
    found = [*_one_sign(values, threshold, 1), *_one_sign(values, threshold, -1)]
    return sorted(found, key=lambda cluster: (-cluster.mass, cluster.peak))


def label_clusters(shape: tuple[int, int, int], clusters: list[Cluster]) -> NDArray[np.uint16]:
    """Paint clusters into a label map: 1 for the first, 2 for the second, and so on."""
    labels = np.zeros(shape, dtype=np.uint16)
    for index, cluster in enumerate(clusters, start=1):
        labels[tuple(cluster.voxels.T)] = index
    return labels


def _one_sign(values: NDArray[np.floating], threshold: float, sign: int) -> list[Cluster]:
    labels, count = ndimage.label(values * sign > threshold, structure=_CONNECTED_26)
    where = np.argwhere(labels > 0)
    if count == 0:
        return []
    owner = labels[tuple(where.T)]
    order = np.argsort(owner, kind="stable")
    pieces = np.split(where[order], np.cumsum(np.bincount(owner)[1:])[:-1])
    return [_describe(values, voxels, threshold) for voxels in pieces]


def _describe(values: NDArray[np.floating], voxels: NDArray[np.intp], threshold: float) -> Cluster:
    inside = values[tuple(voxels.T)].astype(np.float64)
    top = int(np.argmax(np.abs(inside)))
    x, y, z = voxels[top].tolist()
    return Cluster(
        voxels=voxels,
        peak=(x, y, z),
        peak_value=float(inside[top]),
        mean_value=float(inside.mean()),
        mass=float((np.abs(inside) - threshold).sum()),
    )
