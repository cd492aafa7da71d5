"""Judges a subject: its map of deviates, its clusters with their p, and what the controls say of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidsapp.analyses.anomaly.covariates import age_of
from bidsapp.analyses.anomaly.features import read_volumes
from bidsapp.analyses.anomaly.measure import Measures, Parcels, measure
from bidsapp.analyses.anomaly.space import Vector
from bidsapp.analyses.anomaly.store import Trained, Variant
from bidsapp.cohort import Member
from bidsapp.images.clusters import Cluster
from bidsapp.oneclass.conformal import conformal_p

_STRANGE_P = 0.02


@dataclass(frozen=True, eq=False)
class Ranked:
    """A cluster and the share of healthy people in whom some cluster is as extreme."""

    cluster: Cluster
    p: float


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the model says of one subject.

    Attributes
    ----------
    z
        Deviates of the analysed voxels.
    measures
        Taken from them.
    ranked
        Clusters by p, then mass: all at the family-wise level, and more up to the number to list.
    significant
        How many of them are at that level.
    spread_p
        Share of controls whose scan as a whole deviates as much.
    warnings
        Sentences for the report.
    variant
        The model that was used.
    """

    z: Vector
    measures: Measures
    ranked: tuple[Ranked, ...]
    significant: int
    spread_p: float
    warnings: tuple[str, ...]
    variant: Variant

    @property
    def globally_different(self) -> bool:
        """Whether the scan as a whole lies outside of the controls."""
        return _is_strange(self.measures.spread, self.spread_p, self.variant)


def judge(member: Member, trained: Trained, parcels: Parcels) -> Judgement:
    """Score a member with the variant that its covariates allow."""
    variant, warnings = _choose(member, trained)
    warnings = (*warnings, *variant.design.scanners.warnings(member))
    row = variant.design.row(member)
    assert row is not None
    volumes = read_volumes(member, trained.channels, trained.space)
    z = variant.model.z(trained.quantity.of(member.name, volumes), row)
    return judge_map(z, trained, variant, parcels, warnings)


def judge_map(
    z: Vector, trained: Trained, variant: Variant, parcels: Parcels, warnings: tuple[str, ...] = ()
) -> Judgement:
    """Judge a map of deviates against the left-out controls."""
    options = trained.options
    measures = measure(z, trained.space, parcels, options)
    ranked = rank(measures, variant, options.family_wise_alpha, options.listed_clusters)
    spread_p = conformal_p(variant.reference.spread, measures.spread)
    if _is_strange(measures.spread, spread_p, variant):
        warnings = (
            f"The scan as a whole differs from {trained.cohort} (p = {spread_p:.3f}): another scanner or "
            "sequence, a failed registration or mask, or a diffuse disease. Interpret no single "
            "cluster or region.",
            *warnings,
        )
    significant = sum(item.p <= options.family_wise_alpha for item in ranked)
    return Judgement(z, measures, ranked, significant, spread_p, warnings, variant)


def rank(measures: Measures, variant: Variant, alpha: float, listed: int) -> tuple[Ranked, ...]:
    """Order the clusters by p and mass; keep those at ``alpha``, and more up to ``listed``."""
    ranked = [Ranked(cluster, variant.reference.family_wise_p(cluster)) for cluster in measures.clusters]
    ranked.sort(key=lambda item: (item.p, -item.cluster.mass, item.cluster.peak))
    kept = max(listed, sum(item.p <= alpha for item in ranked))
    return tuple(ranked[:kept])


def _choose(member: Member, trained: Trained) -> tuple[Variant, tuple[str, ...]]:
    adjusted = trained.variants.get("adjusted")
    if adjusted is None:
        return trained.variants["plain"], ()
    if adjusted.design.row(member) is None:
        terms = " and ".join(term for term in ("age", "sex") if term in adjusted.design.terms)
        return trained.variants["plain"], (
            f"Without known {terms} the subject is compared with controls of all ages and both sexes.",
        )
    age, (low, high) = age_of(member), adjusted.design.age_range
    if age is not None and not low <= age <= high:
        return adjusted, (
            f"The age of {age:.0f} lies outside of the controls' ({low:.0f} to {high:.0f} years): "
            "what is normal for it is extrapolated.",
        )
    return adjusted, ()


def quantiles(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float, float]:
    """Give the 5, 50 and 95 % quantiles of the controls."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


def _is_strange(spread: float, p: float, variant: Variant) -> bool:
    """Tell whether at most 2 % of the controls (of few: none) are as far out, or it is an outlier to them."""
    reference = variant.reference
    return p <= max(_STRANGE_P, 1 / (reference.controls + 1)) or spread > reference.spread_limit
