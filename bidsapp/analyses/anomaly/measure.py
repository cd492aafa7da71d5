"""What is measured on a map of deviates, alike for a left-out control and for a subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.space import Space, Vector
from bidsapp.images.clusters import Cluster, find_clusters

STATISTICS = ("mass", "size")
BIN_WIDTH = 0.02
BINS = 600


@dataclass(frozen=True, eq=False)
class Parcels:
    """An atlas on the analysed voxels.

    Attributes
    ----------
    owner
        Position of each voxel's region in ``index``, or -1; shape ``(voxels,)``.
    index, names, sides
        Label, name and side of each region that has analysed voxels.
    """

    owner: NDArray[np.intp]
    index: tuple[int, ...]
    names: tuple[str, ...]
    sides: tuple[str, ...]

    def mean(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Give the mean over each region, shape ``(regions,)``."""
        inside = self.owner >= 0
        total = np.bincount(self.owner[inside], values[inside].astype(np.float64), minlength=len(self.index))
        return np.asarray(total / self.counts, dtype=np.float64)

    @property
    def counts(self) -> NDArray[np.intp]:
        """Analysed voxels of each region."""
        return np.bincount(self.owner[self.owner >= 0], minlength=len(self.index))


@dataclass(frozen=True, eq=False)
class Measures:
    """Measures of one map.

    Attributes
    ----------
    clusters
        Found at the cluster-forming threshold, by mass.
    largest
        Largest of each of ``STATISTICS``; 0 where there is no cluster.
    spread
        Root mean square of the deviates (clipped at 5), which lesions hardly move but a scan of another
        kind does.
    abnormal_share
        Share of voxels beyond the region threshold, 0-1.
    region_share, region_mean
        Share of such voxels, and mean deviate, by region.
    histogram
        Counts of absolute deviates, bins of ``BIN_WIDTH``.
    """

    clusters: list[Cluster]
    largest: NDArray[np.float64]
    spread: float
    abnormal_share: float
    region_share: NDArray[np.float64]
    region_mean: NDArray[np.float64]
    histogram: NDArray[np.int64]


def measure(z: Vector, space: Space, parcels: Parcels, options: Options) -> Measures:
    """Measure a map of deviates, shape ``(voxels,)``."""
    clusters = find_clusters(space.scatter(z), options.cluster_threshold)
    magnitude = np.abs(z)
    beyond = magnitude > options.region_threshold
    return Measures(
        clusters=clusters,
        largest=np.max(statistics(clusters), axis=0, initial=0),
        spread=float(np.sqrt(np.mean(np.minimum(magnitude, 5.0) ** 2))),
        abnormal_share=float(beyond.mean()),
        region_share=parcels.mean(beyond),
        region_mean=parcels.mean(z),
        histogram=np.bincount(
            np.minimum((magnitude / BIN_WIDTH).astype(np.int64), BINS - 1), minlength=BINS
        ).astype(np.int64),
    )


def statistics(clusters: Sequence[Cluster]) -> NDArray[np.float64]:
    """Give mass and size (voxels) of clusters, in the order of ``STATISTICS``, shape ``(clusters, 2)``."""
    rows = [(cluster.mass, cluster.size) for cluster in clusters]
    return np.array(rows, dtype=np.float64).reshape(-1, len(STATISTICS))
