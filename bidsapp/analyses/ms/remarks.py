"""What a reader must know of this session: what its images leave out, and what no earlier session can say."""

from __future__ import annotations

from collections.abc import Collection

from bidsapp.analyses.ms.channels import CONTRASTS
from bidsapp.analyses.ms.earlier import Earlier
from bidsapp.analyses.ms.reading import Reading
from bidsapp.cohort import Member

COVERED = 0.95
"""Least share of the brain that an image shows (not 0, which is what lies beyond a scan)."""


def partial(member: Member, reading: Reading) -> tuple[str, ...]:
    """Say which contrasts leave a part of the brain out: the network takes it for dark tissue."""
    brain = reading.space.mask.data >= 0.5
    shown = {name: float((reading.images[name].data[brain] != 0).mean()) for name in reading.images}
    return tuple(
        f"{name} of {member.name} shows {share:.0%} of the brain; what was found in the rest is not reliable."
        for name, share in shown.items()
        if share < COVERED
    )


def without_change(member: Member, reading: Reading) -> tuple[str, ...]:
    """Say why change is not told, or may mislead, where there could be an earlier session."""
    if member.unordered:
        others = ", ".join(f"ses-{label}" for label in member.unordered)
        return (
            f"Which of {member.name} and {others} came first is not known, so change is not told; give "
            f"acq_time in sub-{member.subject}_sessions.tsv, or number the sessions.",
        )
    if member.earlier is None:
        return ()
    if reading.earlier is None:
        return (
            f"The earlier session {member.earlier.name} could not be used (not normalised together with this "
            "one, or without a brain mask or any contrast), so change is not told.",
        )
    return unlike(member.name, reading.images, reading.earlier)


def unlike(name: str, images: Collection[str], earlier: Earlier) -> tuple[str, ...]:
    """Say where two sessions were read with other contrasts: a lesion that one cannot show is no change."""
    now, then = (", ".join(item for item in CONTRASTS if item in there) for there in (images, earlier.images))
    if now == then:
        return ()
    return (
        f"{name} was read with {now}, but the earlier session {earlier.name} with {then}: what is called "
        "change may come from that alone.",
    )
