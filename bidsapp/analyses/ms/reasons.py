"""What ``--explain`` adds to the findings: which contrasts and which voxels, with the checks of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bidsapp.analyses.ms.grid import reference_name
from bidsapp.analyses.ms.instances import Labels
from bidsapp.analyses.ms.lesions import Lesion
from bidsapp.analyses.ms.maps import BEST_SEEN_ON, origin_of
from bidsapp.analyses.ms.networks import Trained
from bidsapp.analyses.ms.reading import Reading
from bidsapp.analyses.ms.reason_tables import check_table, relevance_table
from bidsapp.analyses.ms.which_contrasts import contrast_table, read_subsets, subset_table
from bidsapp.analyses.ms.which_voxels import METHOD, LesionReasons, choose, explain_lesions
from bidsapp.bundle import Bundle
from bidsapp.cohort import Member
from bidsapp.findings import Map, Table
from bidsapp.images.volume import Volume, write_volume

NOTHING = "There is no lesion to explain."
ALONE = (
    "What the contrasts are worth is not told: the first network alone, without an earlier scan, marks no "
    "lesion."
)
WORTH = (
    "What each contrast is worth to the first network was told by exact Shapley values [@shapley] over all "
    "subsets of the session's contrasts, read in windows that overlap by a quarter and without an earlier "
    "scan; a subset is worth as much as it agrees with all contrasts, which is not its accuracy."
)
RELEVANCE = (
    f" was told by {METHOD.title} [@lrp; @lrprules], with norms merged into convolutions, in a window around "
    "each lesion, all of whose voxels have one weight. A map is shown only if the network marks the lesion "
    "in this window too, if relevance is conserved to 1 %, and if its rank correlation with the maps of "
    "random weights is at most 0.5 [@sanity]. Deletion and insertion curves were not drawn."
)
_COLOURED = 0.1
"""Relevance is shown from this share of the maximum on."""


@dataclass(frozen=True)
class Reasons:
    """Parts of `bidsapp.findings.Findings` that say why; all empty where nobody asked."""

    maps: tuple[Map, ...] = ()
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()
    methods: str = ""


def find_reasons(
    member: Member,
    reading: Reading,
    labels: Labels,
    lesions: Sequence[Lesion],
    trained: Trained,
    bundle: Bundle,
    out_dir: Path,
    *,
    device: str,
    seed: int,
) -> Reasons:
    """Say why the network marked what it marked.

    Parameters
    ----------
    member, reading, labels, lesions
        The session, what was read in it, and what was found on the working grid.
    trained, bundle
        The first network is explained.
    out_dir
        Folder for the map.
    device, seed
        See :meth:`bidsapp.analyses.protocol.Analysis.predict`.
    """
    chosen = choose(lesions)
    if not chosen:
        return Reasons(warnings=(NOTHING,))
    games = read_subsets(reading, trained, device)
    contrasts = () if games is None else (contrast_table(games), subset_table(games))
    why = explain_lesions(chosen, labels, reading, trained, device=device, seed=seed)
    return Reasons(
        maps=_write_map(member, reading, why, out_dir, bundle),
        tables=(*contrasts, relevance_table(why, reading.images), check_table(why)),
        warnings=(*([ALONE] if games is None else []), *_not_shown(why)),
        methods=methods_text(trained, active=any(lesion.activity for lesion in lesions)),
    )


def methods_text(trained: Trained, *, active: bool) -> str:
    """Say how the reasons were found; ``active`` where activity is known, so that one lesion is for it."""
    most = " and the most probably active one" if active else ""
    plain = (
        " The logits that were explained are the network's own, not adapted to the scan's load."
        if trained.prior
        else ""
    )
    return f"{WORTH} Why the network marked the three largest lesions{most}{RELEVANCE}{plain}"


def _not_shown(why: Sequence[LesionReasons]) -> tuple[str, ...]:
    return tuple(
        f"Why lesion {each.label} was marked is not shown. {check.sentence}"
        for each in why
        for check in each.failed
    )


def _write_map(
    member: Member, reading: Reading, why: Sequence[LesionReasons], out_dir: Path, bundle: Bundle
) -> tuple[Map, ...]:
    """Write the relevance of all contrasts and lesions, which adds up as their logits do, if there is any."""
    labels = [each.label for each in why if each.relevance is not None]
    if not labels:
        return ()
    total = np.zeros(reading.space.grid.shape, dtype=np.float32)
    for each in why:
        if each.relevance is not None:
            total[each.box] += each.relevance.sum(axis=0)
    volume = reading.space.back(Volume(total, reading.space.grid.affine))
    if not volume.data.any():
        return ()
    highest = float(np.percentile(np.abs(volume.data[volume.data != 0]), 99.9))
    name, seen_on = reference_name(member), next(item for item in BEST_SEEN_ON if item in reading.images)
    relevance = Map(
        path=write_volume(out_dir / "relevance.nii.gz", volume),
        suffix="statmap",
        entities={"space": name, "desc": "relevance", "stat": "lrp"},
        title=f"What spoke for (warm) and against (cold) the lesions {', '.join(map(str, labels))}",
        metadata={
            **origin_of(bundle),
            "Units": "of a voxel's logit",
            "Method": METHOD.title,
            "Meaning": "Relevance summed over contrasts; 1 is the whole logit of one voxel of a lesion",
            "Lesions": labels,
        },
        display="overlay",
        threshold=_COLOURED * highest,
        maximum=highest,
        backdrop="" if seen_on == name else seen_on,
    )
    return (relevance,)
