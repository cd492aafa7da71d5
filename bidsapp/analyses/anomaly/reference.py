"""The left-out controls' measures: the distribution against which a subject is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.anomaly.measure import Measures
from bidsapp.images.clusters import Cluster
from bidsapp.oneclass.conformal import conformal_p, pooled_survival

Matrix = NDArray[np.float64]
_OUTLIER_MADS = 5.0


@dataclass(frozen=True, eq=False)
class Reference:
    """Measures of the controls, each scored by the model of the others.

    Attributes
    ----------
    largest
        Largest mass and largest size of a cluster, shape ``(controls, 2)``.
    spread, abnormal_share
        Shape ``(controls,)``.
    region_share, region_mean
        Shape ``(controls, regions)``.
    histogram
        Pooled over controls.
    clusters
        Mass of all clusters of all controls, shape ``(clusters,)``.
    """

    largest: Matrix
    spread: Matrix
    abnormal_share: Matrix
    region_share: Matrix
    region_mean: Matrix
    histogram: NDArray[np.int64]
    clusters: NDArray[np.float32]

    @classmethod
    def of(cls, measures: Sequence[Measures]) -> Reference:
        """Stack the measures of all controls."""
        return cls(
            np.stack([item.largest for item in measures]),
            np.array([item.spread for item in measures]),
            np.array([item.abnormal_share for item in measures]),
            np.stack([item.region_share for item in measures]),
            np.stack([item.region_mean for item in measures]),
            np.sum([item.histogram for item in measures], axis=0),
            np.array([cluster.mass for item in measures for cluster in item.clusters], dtype=np.float32),
        )

    @property
    def controls(self) -> int:
        """Number of controls."""
        return int(self.spread.size)

    @property
    def spread_limit(self) -> float:
        """Spread beyond which a scan as a whole is an outlier; see :func:`outlier_limit`."""
        return outlier_limit(self.spread)

    @property
    def survival(self) -> Matrix:
        """Share of the controls' voxels at or above the lower edge of each bin."""
        return pooled_survival(self.histogram)

    def family_wise_p(self, cluster: Cluster) -> float:
        """Give the share of healthy people in whom some cluster has as large a mass."""
        return conformal_p(self.largest[:, 0], cluster.mass)

    def family_wise_p_of_size(self, cluster: Cluster) -> float:
        """Give the share of healthy people in whom some cluster has as many voxels."""
        return conformal_p(self.largest[:, 1], cluster.size)

    def cluster_p(self, clusters: Sequence[Cluster]) -> Matrix:
        """Give the share of all the controls' clusters that have as large a mass as each, not corrected.

        What corrects for their number is the false discovery rate over the clusters of a brain (Chumbley
        and Friston 2009, doi:10.1016/j.neuroimage.2008.05.021).
        """
        own = np.array([cluster.mass for cluster in clusters], dtype=np.float32)
        below = np.searchsorted(np.sort(self.clusters), own, side="left")
        return np.asarray((1 + self.clusters.size - below) / (1 + self.clusters.size), dtype=np.float64)


def outlier_limit(values: Matrix) -> float:
    """Give the median and five times the median absolute deviation (as a standard deviation) above it.

    Unlike a rank, it does not move when one of the controls is far out itself.
    """
    middle = float(np.median(values))
    return middle + _OUTLIER_MADS * 1.4826 * float(np.median(np.abs(values - middle)))


def expected_false_clusters(measures: Sequence[Measures], alpha: float) -> tuple[float, float]:
    """Give, over the left-out controls, clusters per head at ``alpha`` and the share of heads with any.

    Each control is judged against all others.
    """
    largest = np.array([item.largest[0] for item in measures])
    counts = np.zeros(len(measures))
    for i, item in enumerate(measures):
        others = np.delete(largest, i)
        counts[i] = sum(conformal_p(others, cluster.mass) <= alpha for cluster in item.clusters)
    return float(counts.mean()), float((counts > 0).mean())
