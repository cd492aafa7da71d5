"""Real lesions of multiple sclerosis on T1w: which are found, and how much of that is chance.

    python benchmarks/anomaly_real.py CONTROLS --bids-dir CONTROLS_RAW --mni OUT --long OUT [--methods ...]

``--mni`` and ``--long`` are the preprocessed openms-mni (a consensus mask of all lesions) and openms-long
(a mask in the patient's common space of what changed between two sessions, brought to each T1w by the
published transforms). The masks come from the raw datasets, in the folder that BIDSAPP_REALDATA names. What
grew bright on FLAIR between the sessions is looked for in the second one, what faded in the first; where one
session has no FLAIR or is missing, all changes. A change mask marks no lesion that stayed the same: there,
clusters outside of it may be right, and AUPRC understates.

A lesion is a component (26 neighbours) of at least 0.1 ml of the mask in standard space, in which all volumes
are given. It is found when a
cluster peaks in it or covers a tenth of it: any cluster up to the p at which the left-out controls show one
cluster per head, or one of the patient's first five (the detection rate of Alaverdyan et al. 2020 counts
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
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.metrics import average_precision_score

sys.path.insert(0, str(Path(__file__).parent))
from alignment import common_mask, image, manual, published
from anomaly_comparison import operating_points
from anomaly_fitting import add_options, draw_controls, fitted, table
from anomaly_implants import DATA
from anomaly_methods import Method, read_heads

from bidsapp.analyses.anomaly.judge import Ranked
from bidsapp.analyses.anomaly.measure import statistics
from bidsapp.analyses.anomaly.space import Space
from bidsapp.bids.cohort import read_cohort
from bidsapp.cohort import Member
from bidsapp.files import write_json
from bidsapp.images.grids import resample
from bidsapp.images.transform_file import read_transform
from bidsapp.images.volume import Volume, read_volume
from bidsapp.oneclass.conformal import combined_p

Mask = NDArray[np.bool_]
SMALLEST_ML = 0.1
TOP = 5
_CONNECTED_26 = np.ones((3, 3, 3), dtype=np.int8)


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of a session: where its lesions are, in standard space.

    ``mask`` holds all marked voxels that are analysed; ``labels`` the lesions on the grid, numbered from 1;
    ``voxels`` the size of each.
    """

    what: str
    mask: Mask
    labels: NDArray[np.intp]
    voxels: NDArray[np.intp]
    marked_ml: float
    brain_dice: float


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


def truth_mni(member: Member, space: Space) -> Truth:
    """Bring the consensus mask, which lies on the raw T1w, to standard space."""
    folder = DATA / "openms-mni"
    lesions = f"sub-{member.subject}_space-orig_label-L_desc-manual_mask.nii.gz"
    raw = read_volume(folder / f"sub-{member.subject}" / "anat" / f"sub-{member.subject}_T1w.nii.gz")
    mask = read_volume(folder / "derivatives" / "manual" / f"sub-{member.subject}" / "anat" / lesions)
    if not mask.grid.same_as(raw.grid):
        raise SystemExit(f"{member.name}: the lesion mask is not on the grid of the T1w.")
    brain = raw.with_data(raw.data > 0)  # published without skull
    return _truth("all lesions", mask, brain, _to_standard(member), member, space)


def truth_long(member: Member, space: Space) -> Truth:
    """Bring the mask of changes from the patient's common space to standard space."""
    assert member.session is not None
    changes = read_volume(
        manual(member.subject) / f"sub-{member.subject}_space-common_desc-lesionchange_mask.nii.gz"
    )
    back = [item.GetInverse() for item in published((member.subject, member.session, "T1w"))]
    way = sitk.CompositeTransform([*back, _to_standard(member)])  # the last one is applied first
    what, mask = _seen_in(member.subject, member.session, changes)
    return _truth(what, mask, common_mask(member.subject), way, member, space)


def _to_standard(member: Member) -> sitk.Transform:
    return read_transform(member.transforms["native_to_standard"])


def _seen_in(subject: str, session: str, changes: Volume) -> tuple[str, Volume]:
    """Keep the changes that are brighter on FLAIR in this session than in the other."""
    scans = [(subject, number, "FLAIR") for number in ("1", "2")]
    if not all((manual(subject) / f"ses-{number}_FLAIR_to_common_space.txt").is_file() for number in "12"):
        return "all changes", changes
    first, second = (_flair(scan, changes) for scan in scans)
    labels, count = ndimage.label(changes.data > 0.5, structure=_CONNECTED_26)
    rise = ndimage.mean(second - first, labels, np.arange(1, count + 1))
    kept = np.concatenate([[False], (rise > 0) == (session == "2")])
    return "new or larger" if session == "2" else "smaller or gone", changes.with_data(kept[labels])


def _flair(scan: tuple[str, str, str], common: Volume) -> NDArray[np.float32]:
    (way,) = published(scan)
    seen = resample(image(scan), common.grid, transform=way).data
    return np.asarray(seen / np.median(seen[common_mask(scan[0]).data > 0.5]), dtype=np.float32)


def _truth(
    what: str, mask: Volume, brain: Volume, way: sitk.Transform, member: Member, space: Space
) -> Truth:
    marked, covered = (
        resample(volume, space.grid, transform=way, antialias=False).data >= 0.5 for volume in (mask, brain)
    )
    own = read_volume(member.standard["mask"]).data > 0.5
    analysed = marked & space.mask
    components, count = ndimage.label(analysed, structure=_CONNECTED_26)
    sizes = np.bincount(components.ravel(), minlength=count + 1)
    large = np.flatnonzero(sizes[1:] * space.voxel_volume >= SMALLEST_ML) + 1
    number = np.zeros(count + 1, dtype=np.intp)
    number[large] = np.arange(1, large.size + 1)
    dice = 2 * float((covered & own).sum()) / float(covered.sum() + own.sum())
    marked_ml = float(marked.sum()) * space.voxel_volume
    return Truth(what, analysed, number[components], sizes[large], marked_ml, dice)


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
    largest = np.stack([item.largest for item in method.measures])
    heads = []
    for index, item in enumerate(method.measures):
        others = np.delete(largest, index, axis=0)
        rows = statistics(item.clusters[:listed])
        found = [Ranked(c, combined_p(others, r)) for c, r in zip(item.clusters[:listed], rows, strict=True)]
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
