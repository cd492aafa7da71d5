"""Rescan stability: how alike the maps of one person are, beside those of two people.

    python benchmarks/anomaly_rescan.py CONTROLS --bids-dir CONTROLS_RAW --long OUT --work FOLDER [--heads 2]

Two kinds of second scan. Real: two sessions of a patient, from the preprocessed openms-long (``--long``),
months apart and on other protocols; patients with one T1w serve as other people only. Simulated: raw T1w of
left-out controls, changed and preprocessed again by ``bidsapp`` (in ``--work``; what is done there is kept):
noise (Rician, 3 % of white matter), another position (turned by 4 degrees, shifted by 0.4 voxels,
interpolated by cubic splines), another resolution (2.5 mm).

Two maps are compared by Dice of the voxels beyond the cluster-forming threshold, Dice of the one per cent of
voxels that deviate most, and Pearson's correlation of the share of abnormal voxels over the regions of the
atlas. The first Dice is left out where neither map has such a voxel. The same is given for scans of
different people. A fixed pattern that all scans of a protocol share makes people alike too: only the
distance between both tells.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_fitting import add_options, draw_controls, fitted, table
from anomaly_methods import Family, Heads, Method, read_heads
from changed_scans import CHANGES, write_changed

from bidsapp.analyses.anomaly.judge import Judgement
from bidsapp.bids.cohort import read_cohort
from bidsapp.cohort import Member
from bidsapp.files import write_json

TOP_SHARE = 0.01
KEYS = ("dice", "dice_top", "regions")


@dataclass(frozen=True)
class Scan:
    """A scan to compare: whose it is, of which kind, and what was done to it."""

    person: str
    kind: str
    change: str


@dataclass(frozen=True)
class Pair:
    """Two scans of one kind as a method sees them; ``dice`` is ``None`` where nothing is beyond."""

    method: str
    kind: str
    what: str
    names: tuple[str, str]
    dice: float | None
    dice_top: float
    regions: float


def rescanned(members: Sequence[Member], arguments: argparse.Namespace) -> tuple[list[Member], list[Scan]]:
    """Preprocess the changed scans; give these with the originals, and what each is."""
    bids, out = arguments.work / "bids", arguments.work / "derivatives"
    write_changed(members, arguments.bids_dir, bids, arguments.changes, arguments.seed)
    options = ["participant", "--analysis", "brain", "--nprocs", "1"]
    subprocess.run([sys.executable, "-m", "bidsapp.cli.main", str(bids), str(out), *options], check=True)
    made = {member.subject: member for member in read_cohort([out], bids_dir=bids).members}
    scans = [(member, Scan(member.name, "simulated", "original")) for member in members]
    for member in members:
        for change in arguments.changes:
            scan = Scan(member.name, "simulated", change)
            scans.append((made[member.subject + change], scan))
    return [member for member, _ in scans], [scan for _, scan in scans]


def sessions(folder: Path) -> tuple[list[Member], list[Scan]]:
    """Give the patients' sessions that have a T1w."""
    members = [member for member in read_cohort([folder]).members if "T1w" in member.standard]
    scans = [Scan(f"sub-{m.subject}", "real", f"session {m.session}") for m in members]
    return members, scans


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float | None:
    """Give the overlap of two masks, nothing where both are empty."""
    total = int(first.sum() + second.sum())
    return 2 * float((first & second).sum()) / total if total else None


def compare(first: Judgement, second: Judgement, threshold: float) -> tuple[float | None, float, float]:
    """Compare two maps; see the module's first lines."""
    sizes = [np.abs(item.z) for item in (first, second)]
    beyond = dice(*(size > threshold for size in sizes))
    count = int(TOP_SHARE * sizes[0].size)
    top = dice(*(size >= np.partition(size, -count)[-count] for size in sizes))
    assert top is not None
    pair = np.corrcoef(first.measures.region_share, second.measures.region_share)
    return beyond, top, float(pair[0, 1])


def what_is_compared(first: Scan, second: Scan) -> str | None:
    """Name a pair; nothing for one that is not compared (of changed scans, two that are both changed)."""
    unchanged = [scan.kind == "real" or scan.change == "original" for scan in (first, second)]
    if first.kind != second.kind or not unchanged[0]:
        return None
    if first.person != second.person:
        return "different people" if unchanged[1] else None
    return "two sessions" if first.kind == "real" else second.change


def look(family: Family, heads: Heads, scans: Sequence[Scan]) -> list[Pair]:
    """Judge every scan and compare the pairs."""
    judged = []
    for member, (name, volumes) in zip(heads.members, heads.named(), strict=True):
        features = family.describe(name, volumes)
        judged.append([method.judge(features, member) for method in family.methods])
    named = [(i, j, what_is_compared(scans[i], scans[j])) for i, j in combinations(range(len(scans)), 2)]
    return [
        _pair(method, scans[i], scans[j], what, judged[i][place], judged[j][place])
        for place, method in enumerate(family.methods)
        for i, j, what in named
        if what is not None
    ]


def _pair(
    method: Method, first: Scan, second: Scan, what: str, seen: Judgement, seen_again: Judgement
) -> Pair:
    found = compare(seen, seen_again, method.trained.options.cluster_threshold)
    names = (f"{first.person} {first.change}", f"{second.person} {second.change}")
    return Pair(method.name, first.kind, what, names, *found)


def report(pairs: Sequence[Pair]) -> str:
    """Write a table for each kind: the mean of each figure over the pairs, methods by what was compared."""
    columns = ("method", "pair", "n", "Dice beyond threshold", "Dice of top 1 %", "r of regional shares")
    blocks = []
    for kind in dict.fromkeys(pair.kind for pair in pairs):
        own = [pair for pair in pairs if pair.kind == kind]
        lines = []
        for method, what in dict.fromkeys((pair.method, pair.what) for pair in own):
            chosen = [pair for pair in own if (pair.method, pair.what) == (method, what)]
            lines.append((method, what, str(len(chosen)), *(_mean(chosen, key) for key in KEYS)))
        blocks.append(table(f"{kind} second scans: mean (smallest to largest)", columns, sorted(lines)))
    return "\n".join(blocks)


def _mean(pairs: Sequence[Pair], key: str) -> str:
    values = [value for value in (getattr(pair, key) for pair in pairs) if value is not None]
    if not values:
        return "no voxel"
    return f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    """Preprocess, fit the methods, compare, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add_options(parser)
    parser.add_argument("--long", type=Path, help="preprocessed openms-long")
    parser.add_argument("--work", type=Path, help="folder for the changed scans; without it none are made")
    parser.add_argument("--changes", nargs="*", choices=list(CHANGES), default=list(CHANGES))
    parser.add_argument("--heads", type=int, default=2, help="left-out controls that are changed")
    parser.add_argument("--others", type=int, default=8, help="left-out controls as other people")
    arguments = parser.parse_args()
    if arguments.work and not arguments.bids_dir:
        parser.error("--work needs --bids-dir, where the raw scans are.")
    changed, others, training = draw_controls(arguments, arguments.heads, arguments.others)
    members = list(others)
    scans = [Scan(member.name, "simulated", "original") for member in others]
    for chosen, own in (
        rescanned(changed, arguments) if arguments.work else ([], []),
        sessions(arguments.long) if arguments.long else ([], []),
    ):
        members += chosen
        scans += own
    controls, heads = read_heads(training), read_heads(members, space_of=training)
    pairs: list[Pair] = []
    for family in fitted(arguments, controls):
        pairs += look(family, heads, scans)
        if arguments.out:
            write_json(arguments.out, {"argv": sys.argv[1:], "pairs": [asdict(pair) for pair in pairs]})
    print(f"{len(training)} controls fitted")
    print(report(pairs))


if __name__ == "__main__":
    main()
