"""What a clinician reads: the summary, the scores and the methods paragraph."""

from __future__ import annotations

from bidsapp.analyses.anomaly.judge import Judgement, quantiles
from bidsapp.analyses.anomaly.sources import calibrated, caveat, compared
from bidsapp.analyses.anomaly.store import Trained
from bidsapp.findings import Score, Table
from bidsapp.oneclass.conformal import conformal_p

_SEEN = {"below": "signal below", "above": "signal above", "unlike": "unlike"}


def summary(judgement: Judgement, trained: Trained, clusters: Table) -> str:
    """Say in a sentence or two what was found, and how often a healthy person shows as much."""
    alpha = trained.options.family_wise_alpha
    count = judgement.significant
    start = "Interpret nothing below: the scan as a whole differs from the controls. " * int(
        judgement.globally_different
    )
    healthy = (
        f"A healthy person shows {judgement.variant.false_clusters:.2f} such clusters on average; "
        f"{judgement.variant.false_heads:.0%} show any."
    )
    if not count:
        return (
            f"{start}No cluster deviates from {trained.cohort} more than chance allows "
            f"(family-wise level {alpha:g}); small or faint lesions can be missed. {healthy}"
        )
    columns = [column.name for column in clusters.columns]
    top = dict(zip(columns, clusters.rows[0], strict=True))
    noun, verb = ("cluster", "deviates") if count == 1 else ("clusters", "deviate")
    return (
        f"{start}{count} {noun} {verb} from {trained.cohort} more than chance allows "
        f"(family-wise level {alpha:g}). The most extreme: {top['volume_ml']:.2f} mL, "
        f"{_SEEN[str(top['direction'])]} what is expected, {top['region']}, {top['hemisphere']} "
        f"(p = {top['p_fwe']:.3f}). {healthy}"
    )


def scores(judgement: Judgement, trained: Trained) -> tuple[Score, ...]:
    """Give the numbers about the subject as a whole, each with the controls' quantiles."""
    reference, measures, alpha = (
        judgement.variant.reference,
        judgement.measures,
        trained.options.family_wise_alpha,
    )
    best = judgement.ranked[0].p if judgement.ranked else 1.0
    share_p = conformal_p(reference.abnormal_share, measures.abnormal_share)
    return (
        Score(
            name="anomalous_clusters",
            value=float(judgement.significant),
            description=f"Clusters at the family-wise level of {alpha:g}; a healthy person shows "
            f"{judgement.variant.false_clusters:.2f} on average.",
        ),
        Score(
            name="anomaly_p",
            value=best,
            description="Share of healthy people whose most extreme cluster is at least as extreme "
            f"as the subject's; at best 1 in {reference.controls + 1}.",
        ),
        Score(
            name="abnormal_share",
            value=100 * measures.abnormal_share,
            unit="%",
            description=f"Share of brain voxels with |z| > {trained.options.region_threshold:g}; "
            f"p = {share_p:.3f}.",
            reference=quantiles(100 * reference.abnormal_share),
        ),
        Score(
            name="global_deviation",
            value=measures.spread,
            description="Root mean square of all deviates: how much the scan as a whole differs from the "
            f"controls; p = {judgement.spread_p:.3f}.",
            reference=quantiles(reference.spread),
        ),
    )


def methods(judgement: Judgement, trained: Trained, bundle_name: str, bundle_version: str) -> str:
    """Give a paragraph for a paper."""
    options, variant = trained.options, judgement.variant
    terms = ", ".join(term.replace("_", " ") for term in variant.design.terms) or "no covariates"
    return (
        f"Volumes in MNI152NLin2009cAsym space (channels: {', '.join(trained.channels)}) "
        f"{compared(options.learned, options.fwhm_mm)} with {trained.cohort} (bundle "
        f"{bundle_name} {bundle_version}) by {calibrated(options.learned, terms)}. Clusters were formed at "
        f"|z| > {options.cluster_threshold:g}; their mass (Bullmore et al., 1999, IEEE Trans Med Imaging "
        "18:32) was referred to the largest one of each control, scored without itself (Cook & Weisberg, "
        "1982, Residuals and Influence in Regression), which gives conformal family-wise p-values (Vovk "
        "et al., 2005, Algorithmic Learning in a Random World). The probability map is one "
        "minus the false discovery rate (Benjamini & "
        "Hochberg, 1995, J R Stat Soc B 57:289). Regions are those of the atlas "
        f"{options.atlas}; their family-wise p refers to the largest one of each person (Westfall & Young, "
        f"1993, Resampling-Based Multiple Testing). {caveat(options.learned)}For research use only."
    )
