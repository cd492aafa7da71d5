"""The tables of the findings: ranked clusters, and regions against the controls' quantiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from bidsapp.analyses.anomaly.judge import Judgement
from bidsapp.analyses.anomaly.measure import Parcels
from bidsapp.analyses.anomaly.native import NativeSpace
from bidsapp.analyses.anomaly.parcels import locate
from bidsapp.analyses.anomaly.store import Trained
from bidsapp.findings import Cell, Column, Table
from bidsapp.oneclass.conformal import conformal_p, family_wise_p

_DIRECTIONS = {"both": ("below", "above"), "none": ("", "unlike"), "above": ("", "unlike")}
_CLUSTER_COLUMNS = (
    Column(name="index", description="Value of the cluster in the label map"),
    Column(name="name", description="Name of the cluster"),
    Column(name="rank", description="1 for the cluster with the smallest p, then the largest mass"),
    Column(name="region", description="Region of the atlas that holds most of the cluster"),
    Column(name="hemisphere", description="Side of the cluster's centre: left, right or midline"),
    Column(name="direction", description="Below or above what is expected; unlike it, where no sign tells"),
    Column(name="volume_ml", description="Volume in the subject's own space", unit="mL"),
    Column(name="peak_z", description="Deviate that is largest in size, robust z score"),
    Column(name="p_fwe", description="Share of healthy people in whom any cluster has as large a mass"),
    Column(name="p_fwe_size", description="Share of healthy people in whom any cluster is as large"),
    Column(name="p_fdr", description="False discovery rate up to this cluster (Benjamini-Hochberg)"),
    Column(name="per_healthy_head", description="Clusters as extreme that a healthy person shows on average"),
    Column(name="mean_z", description="Mean deviate over the cluster, robust z score"),
    Column(name="mass", description="Sum over voxels of the absolute deviate less the cluster threshold"),
    *(
        Column(name=axis, description=f"{axis} of the peak, subject's own space, RAS", unit="mm")
        for axis in "xyz"
    ),
    *(
        Column(name=f"{axis}_mni", description=f"{axis} of the peak, MNI152NLin2009cAsym, RAS", unit="mm")
        for axis in "xyz"
    ),
)
_REGION_COLUMNS = (
    Column(name="index", description="Label of the region in the atlas"),
    Column(name="name", description="Name and side of the region"),
    Column(name="region", description="Name and side of the region, as plotted"),
    Column(name="hemisphere", description="left, right or none"),
    Column(name="voxels", description="Analysed voxels of 2 mm in standard space"),
    Column(name="value", description="Share of the region's voxels that are abnormal", unit="%"),
    Column(name="q05", description="5 % quantile of value in the left-out controls", unit="%"),
    Column(name="q50", description="Median of value in the left-out controls", unit="%"),
    Column(name="q95", description="95 % quantile of value in the left-out controls", unit="%"),
    Column(name="p", description="Share of controls with as large a value, not corrected for the regions"),
    Column(name="p_fdr", description="False discovery rate up to this region (Benjamini-Hochberg)"),
    Column(name="p_fwe", description="Share of healthy people in whom any region is as far out"),
    Column(name="mean_z", description="Mean deviate over the region, robust z score"),
    Column(name="mean_z_q05", description="5 % quantile of mean_z in the left-out controls"),
    Column(name="mean_z_q95", description="95 % quantile of mean_z in the left-out controls"),
)


def cluster_table(judgement: Judgement, trained: Trained, parcels: Parcels, native: NativeSpace) -> Table:
    """List the ranked clusters."""
    grid, reference = trained.space.grid, judgement.variant.reference
    rates = _rates(judgement)
    rows: list[tuple[Cell, ...]] = []
    for rank, item in enumerate(judgement.ranked, start=1):
        cluster = item.cluster
        region, side = locate(cluster, trained.space, parcels)
        standard = grid.affine[:3, :3] @ np.array(cluster.peak) + grid.affine[:3, 3]
        own = native.locate(standard)
        direction = _DIRECTIONS[judgement.variant.model.sign][int(cluster.peak_value > 0)]
        volume = round(native.volume_ml(cluster, grid), 3)
        family = (item.p, reference.family_wise_p_of_size(cluster), *rates[cluster.peak])
        rows.append((
            rank, f"cluster {rank}", rank, region, side, direction, volume, round(cluster.peak_value, 2),
            *(round(p, 4) for p in family), round(cluster.mean_value, 2), round(cluster.mass, 1),
            *(round(float(value), 1) for value in own), *(float(value) for value in standard),
        ))  # fmt: skip
    return Table(
        title="Clusters that deviate most",
        suffix="dseg",
        entities={"seg": "anomaly"},
        columns=_CLUSTER_COLUMNS,
        rows=tuple(rows),
        display="clusters",
    )


def _rates(judgement: Judgement) -> dict[tuple[int, int, int], tuple[float, float]]:
    """Give, by peak, the false discovery rate of each cluster, and how many such a healthy person shows.

    Both are over all clusters of the map, listed or not.
    """
    reference, clusters = judgement.variant.reference, judgement.measures.clusters
    p = reference.cluster_p(clusters)
    if not clusters:
        return {}
    per_head = p * reference.clusters.size / reference.controls
    pairs = zip(clusters, false_discovery_control(p), per_head, strict=True)
    return {cluster.peak: (float(rate), float(many)) for cluster, rate, many in pairs}


def region_table(judgement: Judgement, trained: Trained, parcels: Parcels) -> Table:
    """List the atlas's regions with the share of abnormal voxels, against the left-out controls."""
    reference, measures = judgement.variant.reference, judgement.measures
    shares = np.quantile(reference.region_share, [0.05, 0.5, 0.95], axis=0) * 100
    means = np.quantile(reference.region_mean, [0.05, 0.95], axis=0)
    p = [conformal_p(*pair) for pair in zip(reference.region_share.T, measures.region_share, strict=True)]
    false = false_discovery_control(p)
    family = family_wise_p(even_spread(reference.region_share), even_spread(measures.region_share))
    rows: list[tuple[Cell, ...]] = []
    for place, index in enumerate(parcels.index):
        side = parcels.sides[place]
        name = parcels.names[place] + ("" if side == "none" else f" ({side})")
        value = float(measures.region_share[place])
        rows.append((
            index, name, name, side, int(parcels.counts[place]), round(100 * value, 2),
            *(round(float(item), 2) for item in shares[:, place]),
            *(round(float(each[place]), 4) for each in (p, false, family)),
            round(float(measures.region_mean[place]), 3),
            *(round(float(item), 3) for item in means[:, place]),
        ))  # fmt: skip
    return Table(
        title=f"Share of abnormal voxels (|z| > {trained.options.region_threshold:g}) by region",
        suffix="dseg",
        entities={"seg": trained.options.atlas},
        columns=_REGION_COLUMNS,
        rows=tuple(rows),
        display="regions",
    )


def even_spread(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the arcsine of the square root of shares (0-1): their spread then hardly depends on their level.

    Bartlett, 1947, Biometrics 3:39, doi:10.2307/3001536.
    """
    return np.asarray(np.arcsin(np.sqrt(share)), dtype=np.float64)
