"""Every representation and score beside plain statistics: same controls, same lesions, same operating point.

    python benchmarks/anomaly_comparison.py run DERIVATIVES --bids-dir BIDS --out FILE.json [--methods ...]
    python benchmarks/anomaly_comparison.py table FILE.json [FILE.json ...]

``run`` fits each method on some controls (by default 80) and looks at the others, which no part of any
method has seen, first as they are and then with simulated lesions, implanted in standard space before scaling
and smoothing (registration is not repeated). ``table`` puts the results of one or more runs together. The
operating point of a method is the family-wise p at which its left-out controls show a given number of
clusters per head; what the held-out heads show at that point is printed beside. A learning curve over the
number of controls: ``--train 20 --after 80``, ``--train 40 --after 80``, ``--train 80``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_implants import Implanted, implants
from anomaly_methods import (
    BASELINES,
    SCORES,
    Family,
    Heads,
    Method,
    baseline,
    learned_family,
    plain_intensity,
    read_heads,
)

from bidsapp.analyses.anomaly.judge import Judgement
from bidsapp.analyses.anomaly.train import one_session_each
from bidsapp.bids.cohort import read_cohort
from bidsapp.files import write_json
from bidsapp.oneclass.conformal import conformal_p

RATES = (0.1, 1.0)
LEARNED: Mapping[str, Mapping[str, object]] = {
    "autoencoder": {"representation": "autoencoder"},
    "siamese": {"representation": "siamese"},
    "variational": {"representation": "variational"},
    "wasserstein": {"representation": "wasserstein"},
    "bigan": {"representation": "bigan"},
    "fanogan": {"representation": "fanogan"},
    "contextual": {"representation": "contextual"},
    "autoencoder 3-D": {"representation": "autoencoder", "dimensions": 3, "pairs": 64},
    "siamese 3-D": {"representation": "siamese", "dimensions": 3, "pairs": 64},
    "siamese slices": {"representation": "siamese", "unit": "slice", "pairs": 8},
}
GANS = ("bigan", "fanogan", "contextual")
Row = dict[str, object]


def operating_points(method: Method) -> dict[str, float]:
    """Give the p at which the left-out controls show each number of clusters per head."""
    largest = np.array([item.largest[0] for item in method.measures])
    found = [
        conformal_p(np.delete(largest, i), cluster.mass)
        for i, item in enumerate(method.measures)
        for cluster in item.clusters[:60]
    ]
    ordered = np.sort(found)
    points = {}
    for rate in RATES:
        allowed = int(rate * len(method.measures))
        points[f"{rate:g}"] = float(ordered[allowed - 1]) if ordered.size >= allowed > 0 else 1.0
        if ordered.size > allowed and ordered[allowed] <= points[f"{rate:g}"]:
            below = ordered[ordered < ordered[allowed]]
            points[f"{rate:g}"] = float(below[-1]) if below.size else 0.0
    return points


def calm_row(method: Method, subject: str, calm: Judgement) -> Row:
    """Say what a healthy head shows."""
    return {"method": method.name, "subject": subject, "p": [item.p for item in calm.ranked]}


def lesion_row(
    method: Method,
    subject: str,
    lesion: Implanted,
    seen: Judgement,
    calm: Judgement,
    inside: NDArray[np.bool_],
) -> Row:
    """Say how a lesion was seen: p and rank of the first cluster that meets it, and the same without it."""
    p, rank = meeting(seen, lesion.mask)
    before, _ = meeting(calm, lesion.mask)
    return {
        "method": method.name, "subject": subject, "kind": lesion.kind, "size_mm": lesion.size_mm,
        "strength": lesion.strength, "p": p, "rank": rank, "p_without": before,
        "auprc": float(average_precision_score(lesion.mask[inside], np.abs(seen.z))),
    }  # fmt: skip


def meeting(judgement: Judgement, lesion: NDArray[np.bool_]) -> tuple[float, int]:
    """Give p and rank (from 1) of the best cluster that peaks in a lesion or covers a tenth of it."""
    for rank, item in enumerate(judgement.ranked, start=1):
        covered = lesion[tuple(item.cluster.voxels.T)].sum()
        if lesion[item.cluster.peak] or covered >= 0.1 * lesion.sum():
            return item.p, rank
    return 2.0, 0


def run_family(family: Family, held_out: Heads, count: int, seed: int) -> tuple[list[Row], list[Row]]:
    """Look at every held-out head without and with lesions."""
    healthy: list[Row] = []
    lesions: list[Row] = []
    inside = held_out.space.mask
    for index, (name, volumes) in enumerate(held_out.named()):
        member = held_out.members[index]
        features = family.describe(name, volumes)
        calm = {method.name: method.judge(features, member) for method in family.methods}
        healthy += [calm_row(method, name, calm[method.name]) for method in family.methods]
        for lesion in implants(held_out, index, count, seed):
            features = family.describe(name, lesion.volumes)
            for method in family.methods:
                seen = method.judge(features, member)
                lesions.append(lesion_row(method, name, lesion, seen, calm[method.name], inside))
    return healthy, lesions


def families(name: str, controls: Heads, arguments: argparse.Namespace) -> list[Family]:
    """Fit the methods that a name stands for."""
    if name == "plain intensity":
        return [plain_intensity(controls)]
    if name in BASELINES:
        return [baseline(name, controls)]
    values = {**LEARNED[name], "steps": arguments.steps, "score_fwhm_mm": arguments.score_fwhm}
    scores = [*arguments.scores, *(["discriminator"] if name in GANS else [])]
    if LEARNED[name].get("dimensions") == 3:
        scores = [score for score in scores if score != "reconstruction"]  # drawing every cube takes minutes
    return learned_family(name, controls, values, scores=scores, folder=arguments.folder)


def run(arguments: argparse.Namespace) -> None:
    """Fit, look, and write the rows."""
    cohort = read_cohort([arguments.derivatives], bids_dir=arguments.bids_dir, controls=arguments.controls)
    members = one_session_each(cohort)
    order = np.random.default_rng(arguments.seed).permutation(len(members)).tolist()
    heads = read_heads([members[i] for i in sorted(order[: arguments.train])])
    first = max(arguments.train, arguments.after)
    rest = [members[i] for i in sorted(order[first:])][: arguments.test]
    held_out = read_heads(rest, space_of=heads.members)
    results: dict[str, object] = {"controls": arguments.train, "held_out": len(rest), "argv": sys.argv[1:]}
    collected: dict[str, list[Row]] = {"healthy": [], "lesions": []}
    points: dict[str, object] = {}
    for name in arguments.methods:
        for family in families(name, heads, arguments):
            healthy, lesions = run_family(family, held_out, arguments.implants, arguments.seed)
            collected["healthy"] += healthy
            collected["lesions"] += lesions
            points |= {method.name: operating_points(method) for method in family.methods}
            print(family.name, dict(family.seconds), flush=True)
            write_json(arguments.out, {**results, "points": points, **collected})


def sensitivity(rows: Sequence[Row], limit: float, rng: np.random.Generator) -> tuple[float, float, float]:
    """Give the share of lesions found at p <= limit, but not without them, and its 95 % interval by head."""
    heads = sorted({str(row["subject"]) for row in rows})
    hit = np.array([float(str(row["p"])) <= limit < float(str(row["p_without"])) for row in rows])
    owner = np.array([heads.index(str(row["subject"])) for row in rows])
    total, count = np.bincount(owner, hit, len(heads)), np.bincount(owner, minlength=len(heads))
    drawn = rng.integers(len(heads), size=(2000, len(heads)))
    share = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.quantile(share, [0.025, 0.975])
    return float(hit.mean()), float(low), float(high)


def table(files: Sequence[Path]) -> None:
    """Print the table over all runs, by method and then by kind of lesion."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    points = {name: point for run in runs for name, point in run["points"].items()}
    lesions: list[Row] = [row for run in runs for row in run["lesions"]]
    healthy: list[Row] = [row for run in runs for row in run["healthy"]]
    keys = ("subject", "kind", "size_mm", "strength")
    best: dict[tuple[object, ...], tuple[float, str]] = {}
    for row in lesions:
        key = tuple(row[k] for k in keys)
        best[key] = max(best.get(key, (-1.0, "")), (float(str(row["auprc"])), str(row["method"])))
    print(
        f"{'method':34s}{'clusters per healthy head':>27s}{'found at 0.1':>20s}{'at 1':>18s}"
        f"{'top 5':>7s}{'AUPRC':>7s}{'wins':>6s}"
    )
    for name, point in points.items():
        own = [row for row in lesions if row["method"] == name]
        calm = [row["p"] for row in healthy if row["method"] == name]
        rates = [np.mean([sum(p <= point[f"{r:g}"] for p in ps) for ps in calm]) for r in RATES]  # type: ignore[attr-defined]
        rng = np.random.default_rng(0)
        found = [sensitivity(own, point[f"{r:g}"], rng) for r in RATES]
        top = np.mean([0 < int(str(row["rank"])) <= 5 for row in own])
        area = np.mean([float(str(row["auprc"])) for row in own])
        wins = sum(winner == name for _, winner in best.values())
        cells = "".join(f"{share:8.0%} ({low:3.0%}-{high:4.0%})" for share, low, high in found)
        print(f"{name:34s}{rates[0]:18.2f}{rates[1]:9.2f}{cells}{top:7.0%}{area:7.3f}{wins:6d}")
    by_kind(lesions, points)


def by_kind(lesions: Sequence[Row], points: Mapping[str, Mapping[str, float]]) -> None:
    """Print what each method finds (one cluster per healthy head) of each kind, size and strength."""
    kinds = sorted({(str(r["kind"]), float(str(r["size_mm"])), float(str(r["strength"]))) for r in lesions})
    print("\nfound at one cluster per healthy head / mean AUPRC, by kind, size (mm) and strength")
    for kind in kinds:
        print(f"{kind[0]} {kind[1]:g} mm {kind[2]:g}")
        for name, point in points.items():
            own = [
                r for r in lesions
                if r["method"] == name and (r["kind"], r["size_mm"], r["strength"]) == kind
            ]  # fmt: skip
            share, low, high = sensitivity(own, point["1"], np.random.default_rng(0))
            area = np.mean([float(str(row["auprc"])) for row in own])
            print(f"    {name:34s}{share:6.0%} ({low:.0%}-{high:.0%}){area:8.3f}{len(own):5d}")


def main() -> None:
    """Run, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    runs = actions.add_parser("run")
    runs.add_argument("derivatives", type=Path)
    runs.add_argument("--bids-dir", type=Path)
    runs.add_argument("--controls")
    runs.add_argument("--train", type=int, default=80)
    runs.add_argument("--test", type=int, default=1000)
    runs.add_argument("--after", type=int, default=0, help="same held-out heads for fewer controls")
    runs.add_argument("--implants", type=int, default=4, help="lesions per held-out head")
    runs.add_argument("--methods", nargs="*", default=["plain intensity", *BASELINES, *LEARNED])
    runs.add_argument("--scores", nargs="*", default=[*SCORES, "reconstruction"])
    runs.add_argument("--steps", type=int, default=2000)
    runs.add_argument("--score-fwhm", type=float, default=4.0)
    runs.add_argument("--folder", type=Path, default=Path("anomaly-comparison-training"))
    runs.add_argument("--seed", type=int, default=2026)
    runs.add_argument("--out", type=Path, required=True)
    tables = actions.add_parser("table")
    tables.add_argument("files", type=Path, nargs="+")
    arguments = parser.parse_args()
    if arguments.action == "run":
        run(arguments)
    else:
        table(arguments.files)


if __name__ == "__main__":
    main()
