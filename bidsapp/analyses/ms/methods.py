"""The methods text of the report: what was done to this session, for a paper's methods section."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bidsapp.analyses.ms.channels import CONTRASTS, PRIOR
from bidsapp.analyses.ms.networks import Trained
from bidsapp.analyses.ms.synthesis import ENHANCED
from bidsapp.learning.calibration.scaling import Scaling

SYNTHESIS = (
    f" A voxel of a lesion is active with the probability that the T1w rises there by {ENHANCED:.0%} of "
    "white matter, by the Laplace law of the synthesised change."
)

SIMULATED = " Activity was learned from simulated lesions alone and has not been validated on patients."
NO_ACTIVITY = " Activity is not told: no enhancing lesion of a real patient taught this bundle."
NO_EARLIER = (
    " Activity is not told: this bundle tells it from the change of the FLAIR, and there is none of an "
    "earlier session."
)
CHANGE = (
    " How probably a lesion is active was told from how much brighter it is on FLAIR, above the tissue "
    "around it, than in the earlier session (logistic regression); it would probably enhance from one half "
    "on."
)


def methods(images: Collection[str], metadata: Mapping[str, object], trained: Trained) -> str:
    """Say how the lesions were found.

    Parameters
    ----------
    images
        Contrasts that were read, and ``prior_FLAIR``.
    metadata
        Of the bundle.
    trained
        Its networks, and how they are read.
    """
    read = ", ".join(name for name in CONTRASTS if name in images)
    before = " together with the FLAIR of the earlier session, aligned rigidly" if PRIOR in images else ""
    number = len(trained.networks)
    many = (
        f"{number} three-dimensional U-Nets, whose probabilities were averaged,"
        if number > 1
        else ("A three-dimensional U-Net")
    )
    return (
        f"{many} read {read}{before} at 1 mm, in overlapping windows (bundle {metadata['name']} "
        f"{metadata['version']}).{_averaged(trained)} {_calibrated(trained)}; voxels with a "
        f"probability of {trained.threshold:.2g} or more, in parts of at least 3 mm3 (26 neighbours), are "
        "lesions. Regions: Neuromorphometrics, warped to the subject, met with the subject's own tissue."
        f"{_activity(images, metadata, trained)}"
    )


def _calibrated(trained: Trained) -> str:
    """Say how logits became probabilities; where nobody was left out to fit a scaling on, there is none."""
    adapted = (
        "Logits of lesion were adapted to the load that the scan shows (expectation maximisation, Saerens et "
        "al. 2002), then "
        if trained.prior
        else "Logits of lesion were "
    )
    if trained.scaling == Scaling():
        return f"{adapted}taken as they are, not calibrated on patients"
    return (
        f"{adapted}divided by {trained.scaling.temperature:.3g}, fitted on patients who were left out of the "
        "training"
    )


def _activity(images: Collection[str], metadata: Mapping[str, object], trained: Trained) -> str:
    if not trained.activity:
        return NO_ACTIVITY
    if trained.rule is not None:
        return CHANGE + SIMULATED if {"FLAIR", PRIOR} <= set(images) else NO_EARLIER
    seen = "" if metadata.get("activity_seen_in_patients") else SIMULATED
    origin = SYNTHESIS if trained.active_from == "synthesis" else ""
    return (
        f"{origin} A lesion would probably enhance where the mean probability over its 10 mm3 that are most "
        f"probably active is one half or more.{seen}"
    )


def _averaged(trained: Trained) -> str:
    draws = f" Each was read with {trained.samples} draws of its dropout, whose probabilities were averaged."
    mirrored = " Logits are means of those of the brain and of its mirror image."
    return draws * (trained.samples > 0) + mirrored * (len(trained.flips) > 1)
