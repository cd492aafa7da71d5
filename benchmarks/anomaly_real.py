"""Real lesions of multiple sclerosis on T1w: which are found, and how much of that is chance.

    python benchmarks/anomaly_real.py CONTROLS --bids-dir CONTROLS_RAW --mni OUT --long OUT [--methods ...]

``--mni`` and ``--long`` are the preprocessed openms-mni (a consensus mask of all lesions) and openms-long
(a mask in the patient's common space of what changed between two sessions, brought to each T1w by the
published transforms). The masks come from the raw datasets, in the folder that BIDSAPP_REALDATA names. What
grew bright on FLAIR between the sessions is looked for in the second one, what faded in the first; where one
session has no FLAIR or is missing, all changes. A change mask marks no lesion that stayed the same: there,
clusters outside of it may be right, and AUPRC understates.

A lesion is a component (26 neighbours) of at least 0.1 ml of the mask in standard space, in which all volumes
are given. It is found when a cluster peaks in it or covers a tenth of it: any cluster up to the p at which
the left-out controls show one per head, or one of the first five (Alaverdyan et al. 2020 count the
patients with a lesion among these). Chance is the same for the clusters of the left-out controls, laid over
the patient's lesions. AUPRC is that of the absolute deviate over the analysed voxels; its chance level is the
mask's share of them. "Brain" is the Dice of the published brain, brought along the same way as the lesions,
with the app's: it would show a mask in the wrong place. Few patients: each is printed, none are pooled.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_comparison import operating_points
from anomaly_fitting import add_options, draw_controls, fitted, table
from anomaly_methods import Method, read_heads
from openms_lesions import SMALLEST_ML, Truth, truth_long, truth_mni

from bidsapp.analyses.anomaly.judge import Ranked
from bidsapp.analyses.anomaly.space import Space
from bidsapp.bids.cohort import read_cohort
from bidsapp.cohort import Member
from bidsapp.files import write_json
from bidsapp.oneclass.conformal import conformal_p

TOP = 5


@dataclass(frozen=True)
class Row:
    """What a method shows of a session; ``p`` and ``rank`` (0: none) of each lesion's best cluster."""

    method: str
    name: str
    p: Sequence[float]
    rank: Sequence[int]
    limit: float
    clusters: int
    chance_found: float
    chance_top: float
    chance_patient: float
    auprc: float
    prevalence: float
    whole_scan_p: float


def meetings(ranked: Sequence[Ranked], truth: Truth) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Give p and rank (from 1; 0: none) of the best cluster that finds each lesion."""
    p, rank = np.full(truth.voxels.size, 2.0), np.zeros(truth.voxels.size, dtype=np.intp)
    for place, item in enumerate(ranked, start=1):
        owners = truth.labels[tuple(item.cluster.voxels.T)]
        covered = np.bincount(owners, minlength=truth.voxels.size + 1)
        met = covered[1:] >= 0.1 * truth.voxels
        peak = truth.labels[item.cluster.peak]
        if peak:
            met[peak - 1] = True
        new = met & (rank == 0)
        p[new], rank[new] = item.p, place
    return p, rank


def rank_controls(method: Method, listed: int = 60) -> list[list[Ranked]]:
    """Rank the clusters of each left-out control against the others, as those of a patient are."""
    largest = np.array([item.largest[0] for item in method.measures])
    heads = []
    for index, item in enumerate(method.measures):
        others = np.delete(largest, index)
        found = [Ranked(cluster, conformal_p(others, cluster.mass)) for cluster in item.clusters[:listed]]
        heads.append(sorted(found, key=lambda each: (each.p, -each.cluster.mass)))
    return heads


def look(
    method: Method,
    member: Member,
    features: NDArray[np.float32],
    truth: Truth,
    controls: list[list[Ranked]],
    limit: float,
) -> Row:
    """Look at a session with a method."""
    seen = method.judge(features, member)
    p, rank = meetings(seen.ranked, truth)
    chance = [meetings(head, truth) for head in controls]
    top = np.array([(own > 0) & (own <= TOP) for _, own in chance])
    within = method.trained.space.gather(truth.mask) > 0.5
    return Row(
        method=method.name,
        name=member.name,
        p=p.tolist(),
        rank=rank.tolist(),
        limit=limit,
        clusters=sum(item.p <= limit for item in seen.ranked),
        chance_found=float(np.mean([own <= limit for own, _ in chance])) if p.size else 0.0,
        chance_top=float(top.mean()) if p.size else 0.0,
        chance_patient=float(top.any(axis=1).mean()),
        auprc=float(average_precision_score(within, np.abs(seen.z))) if within.any() else 0.0,
        prevalence=float(within.mean()),
        whole_scan_p=seen.spread_p,
    )


def describe(member: Member, truth: Truth, space: Space, rows: Sequence[Row]) -> str:
    """Write the table of a session."""
    largest = float(truth.voxels.max(initial=0)) * space.voxel_volume
    analysed = float(truth.mask.sum()) * space.voxel_volume
    title = (
        f"{member.name}, {truth.what}: {truth.marked_ml:.1f} ml marked, "
        f"{analysed:.1f} ml of it analysed, {truth.voxels.size} lesions of at least "
        f"{SMALLEST_ML} ml (largest {largest:.1f}); brain {truth.brain_dice:.3f}"
    )
    columns = (
        "method", "clusters", "found", "(chance)", "by top 5", "(chance)", "patient by top 5", "(chance)",
        "AUPRC", "(chance)", "whole scan p",
    )  # fmt: skip
    return table(title, columns, [_cells(row) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    total = len(row.p)
    found, top = sum(p <= row.limit for p in row.p), sum(0 < rank <= TOP for rank in row.rank)
    return (
        row.method, str(row.clusters),
        f"{found}/{total}", f"{row.chance_found:.0%}", f"{top}/{total}", f"{row.chance_top:.0%}",
        "yes" if top else "no", f"{row.chance_patient:.0%}",
        f"{row.auprc:.4f}", f"{row.prevalence:.4f}", f"{row.whole_scan_p:.3f}",
    )  # fmt: skip


def patients(arguments: argparse.Namespace, space: Space) -> Iterator[tuple[Member, Truth]]:
    """Give every session that has a T1w, and what is known of it."""
    for folder, truth_of in ((arguments.mni, truth_mni), (arguments.long, truth_long)):
        for member in read_cohort([folder]).members if folder else ():
            if "T1w" in member.standard:
                yield member, truth_of(member, space)
            else:
                print(f"{member.name} has no T1w and is left out.")


def main() -> None:
    """Fit the methods on the controls, look at the patients, print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add_options(parser)
    parser.add_argument("--mni", type=Path, help="preprocessed openms-mni")
    parser.add_argument("--long", type=Path, help="preprocessed openms-long")
    arguments = parser.parse_args()
    (members,) = draw_controls(arguments)
    controls = read_heads(members)
    known = list(patients(arguments, controls.space))
    heads = read_heads([member for member, _ in known], space_of=members)
    rows: list[Row] = []
    for family in fitted(arguments, controls):
        ranked = [rank_controls(method) for method in family.methods]
        limits = [operating_points(method)["1"] for method in family.methods]
        for (member, truth), (name, volumes) in zip(known, heads.named(), strict=True):
            features = family.describe(name, volumes)
            for method, own, limit in zip(family.methods, ranked, limits, strict=True):
                rows.append(look(method, member, features, truth, own, limit))
        if arguments.out:
            write_json(arguments.out, {"argv": sys.argv[1:], "rows": [asdict(row) for row in rows]})
    print(f"{len(members)} controls, {controls.space.voxels} voxels")
    for member, truth in known:
        own_rows = [row for row in rows if row.name == member.name]
        print(describe(member, truth, controls.space, own_rows))


if __name__ == "__main__":
    main()
