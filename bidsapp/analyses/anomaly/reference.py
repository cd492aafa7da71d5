"""The left-out controls' measures: the distribution against which a subject is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.anomaly.measure import STATISTICS, Measures, statistics
from bidsapp.images.clusters import Cluster
from bidsapp.oneclass.conformal import combined_p, conformal_p, pooled_p, pooled_survival

Matrix = NDArray[np.float64]
_OUTLIER_MADS = 5.0


@dataclass(frozen=True, eq=False)
class Reference:
    """Measures of the controls, each scored by the model of the others.

    Attributes
    ----------
    largest
        Shape ``(controls, statistics)``: see :class:`~bidsapp.analyses.anomaly.measure.Measures`; bundles
        of version 0.1.0 have the first two statistics only, and judge by these.
    spread, abnormal_share
        Shape ``(controls,)``.
    region_share, region_mean
        Shape ``(controls, regions)``.
    histogram
        Pooled over controls.
    clusters
        All clusters of all controls, shape ``(clusters, statistics)``; ``None`` in bundles of version 0.1.0.
    """

    largest: Matrix
    spread: Matrix
    abnormal_share: Matrix
    region_share: Matrix
    region_mean: Matrix
    histogram: NDArray[np.int64]
    clusters: NDArray[np.float32] | None

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
            np.concatenate([statistics(item.clusters) for item in measures]).astype(np.float32),
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

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of the columns of ``largest``."""
        return STATISTICS[: self.largest.shape[1]]

    def family_wise_p(self, cluster: Cluster) -> float:
        """Give the share of healthy people in whom some cluster is as extreme, by any statistic."""
        return combined_p(self.largest, self._row(cluster))

    def extreme(self, cluster: Cluster) -> str:
        """Name the statistics by which a cluster is most extreme among the controls' largest ones."""
        p = [conformal_p(*pair) for pair in zip(self.largest.T, self._row(cluster), strict=True)]
        return ", ".join(name for name, each in zip(self.statistics, p, strict=True) if each == min(p))

    def cluster_p(self, clusters: Sequence[Cluster]) -> Matrix | None:
        """Give the share of all the controls' clusters that are as extreme as each, not corrected.

        ``None`` where the bundle does not hold them.
        """
        if self.clusters is None:
            return None
        return pooled_p(self.clusters, statistics(clusters).astype(np.float32))

    def _row(self, cluster: Cluster) -> Matrix:
        return statistics([cluster])[0, : len(self.statistics)]


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
    largest = np.stack([item.largest for item in measures])
    counts = np.zeros(len(measures))
    for i, item in enumerate(measures):
        others = np.delete(largest, i, axis=0)
        if combined_p(others, item.largest) <= alpha:
            counts[i] = sum(combined_p(others, row) <= alpha for row in statistics(item.clusters))
    return float(counts.mean()), float((counts > 0).mean())
