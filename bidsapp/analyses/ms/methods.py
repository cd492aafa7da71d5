"""The methods text of the report: what was done to this session, for a paper's methods section."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bidsapp.analyses.ms.channels import CONTRASTS, PRIOR


def methods(images: Collection[str], metadata: Mapping[str, object], networks: int) -> str:
    """Say how the lesions were found.

    Parameters
    ----------
    images
        Contrasts that were read, and ``prior_FLAIR``.
    metadata
        Of the bundle.
    networks
        Number of networks in the ensemble.
    """
    read = ", ".join(name for name in CONTRASTS if name in images)
    before = " together with the FLAIR of the earlier session, aligned rigidly" if PRIOR in images else ""
    many = (
        f"{networks} three-dimensional U-Nets, whose probabilities were averaged,"
        if networks > 1
        else ("A three-dimensional U-Net")
    )
    temperature, threshold = metadata["temperature"], metadata["threshold"]
    seen = (
        ""
        if metadata.get("activity_seen_in_patients")
        else (" Activity was learned from simulated lesions alone and has not been validated on patients.")
    )
    return (
        f"{many} read {read}{before} at 1 mm, in overlapping windows (bundle {metadata['name']} "
        f"{metadata['version']}). Logits of lesion were divided by {temperature:.3g}, fitted on patients who "
        f"were left out of the training; voxels with a probability of {threshold:.2g} or more, in parts of "
        "at least 3 mm3 (26 neighbours), are lesions. Regions: Neuromorphometrics, warped to the subject, "
        "met with the subject's own tissue. A lesion would probably enhance where the mean probability over "
        f"its 10 mm3 that are most probably active is one half or more.{seen}"
    )
