"""Says of one session which lesions there are, which would enhance, what changed, and if asked why."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bidsapp.analyses.ms.activity import ActivityMap, tell_activity
from bidsapp.analyses.ms.change import Comparison, compare
from bidsapp.analyses.ms.channels import PRIOR
from bidsapp.analyses.ms.instances import Labels, find_instances
from bidsapp.analyses.ms.lesions import Evidence, Lesion, describe_lesions
from bidsapp.analyses.ms.maps import place_labels, write_maps
from bidsapp.analyses.ms.methods import methods
from bidsapp.analyses.ms.networks import Trained, read_trained
from bidsapp.analyses.ms.places import find_regions, place_lesions
from bidsapp.analyses.ms.reading import Reading, read_session
from bidsapp.analyses.ms.reasons import Reasons, find_reasons
from bidsapp.analyses.ms.remarks import partial, without_change
from bidsapp.analyses.ms.rise import measure_brightness, rise_of
from bidsapp.analyses.ms.tables import lesion_scores, lesion_table
from bidsapp.analyses.ms.words import summary, undrawn, warnings
from bidsapp.bundle import Bundle
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.findings import Findings
from bidsapp.images.transform_file import read_transform
from bidsapp.images.volume import Volume, read_volume

VOXEL_MM3 = 1.0
_TISSUES = ("GM", "CSF")
NOT_SCANNED = 0.5
"""Probability of lesion where a scan does not reach: what lies there is neither new nor resolved."""
_TRANSFORMS = ("standard_to_native", "native_to_standard")


def predict(
    member: Member,
    bundle: Bundle,
    out_dir: Path,
    *,
    device: str = "cpu",
    seed: int = 0,
    explain: bool = False,
) -> Findings:
    """Read a session; see :meth:`bidsapp.analyses.protocol.Analysis.predict`.

    Raises
    ------
    BadDataError
        The session lacks what is needed, or the bundle is of another version.
    """
    _check(member)
    trained = read_trained(bundle, device)
    reading = read_session(member, trained, device)
    labels = find_instances(reading.lesion.probability >= trained.threshold, VOXEL_MM3)
    comparison = _compare(reading, labels, trained)
    activity = tell_activity(reading, labels, trained)
    lesions = _describe(member, reading, labels, comparison, activity, trained)
    numbers = place_labels(reading, labels)
    synthesised = trained.synthesis and reading.post is not None
    reasons = Reasons()
    if explain:
        reasons = find_reasons(
            member, reading, labels, lesions, trained, bundle, out_dir, device=device, seed=seed
        )
    maps = write_maps(
        member,
        reading,
        numbers,
        lesions,
        out_dir,
        bundle,
        active=activity.probability if activity else None,
        synthesis=synthesised,
    )
    return Findings(
        analysis="ms",
        title="Multiple-sclerosis lesions",
        subject=member.subject,
        session=member.session,
        summary=summary(lesions, comparison),
        scores=lesion_scores(lesions, comparison, activity=activity is not None),
        maps=(*maps, *reasons.maps),
        tables=(lesion_table(lesions, comparison), *reasons.tables),
        warnings=(
            *trained.cautions,
            *warnings(
                synthesised=synthesised, activity=activity is not None, simulated=trained.activity_simulated
            ),
            *_of_session(member, reading, lesions, numbers),
            *reasons.warnings,
        ),
        provenance={
            "bundle": bundle.name,
            "bundle_version": bundle.version,
            "bundle_sha256": bundle.digest,
            "contrasts": ", ".join(reading.images),
        },
        methods="\n\n".join((methods(reading.images, bundle.metadata, trained), reasons.methods)).strip(),
    )


def _of_session(
    member: Member, reading: Reading, lesions: tuple[Lesion, ...], numbers: Volume
) -> tuple[str, ...]:
    """Say what this session's images leave out, and what no earlier session can say."""
    drawn = np.unique(numbers.data).astype(int).tolist()
    return (*undrawn(lesions, drawn), *partial(member, reading), *without_change(member, reading))


def _check(member: Member) -> None:
    """Ask for what describing the lesions needs, before minutes are spent on finding them."""
    missing = [f"{key} map" for key in _TISSUES if key not in member.native]
    missing += [f"transform {key}" for key in _TRANSFORMS if key not in member.transforms]
    if missing:
        raise BadDataError(f"{member.name} has no {missing[0]}; run participant again.")


def _compare(reading: Reading, labels: Labels, trained: Trained) -> Comparison | None:
    if reading.before is None or reading.earlier is None:
        return None
    now, before = reading.lesion.probability, reading.before
    brain = reading.space.mask.data > 0
    both = [reading.images[name].data for name in ("FLAIR", PRIOR) if name in reading.images]
    return compare(
        labels,
        before >= trained.threshold,
        np.ones(3) * VOXEL_MM3,
        before_probability=np.where(reading.earlier.brain.data > 0, before, NOT_SCANNED),
        now_probability=np.where(brain, now, NOT_SCANNED),
        rise=rise_of(*measure_brightness(labels, both[0], both[1], brain)) if len(both) == 2 else None,
    )


def _describe(
    member: Member,
    reading: Reading,
    labels: Labels,
    comparison: Comparison | None,
    activity: ActivityMap | None,
    trained: Trained,
) -> tuple[Lesion, ...]:
    space = reading.space
    grey, fluid = (space.bring(read_volume(member.native[key])) for key in _TISSUES)
    regions = find_regions(read_transform(member.transforms["standard_to_native"]), grey, fluid)
    evidence = Evidence(
        lesion=reading.lesion.probability,
        active=activity.probability if activity else None,
        active_low=activity.low if activity else None,
        active_high=activity.high if activity else None,
        confidence=1 - reading.lesion.entropy / np.float32(np.log(2)),
        doubts=reading.doubts,
    )
    places = place_lesions(labels, regions, space.grid.voxel_size)
    changes = comparison.changes if comparison is not None else None
    return describe_lesions(
        labels, space.grid.affine, evidence, places, changes, confidence_limit=trained.confidence_limit
    )
