"""Calibration on controls that nobody fitted: p-values are uniform, family-wise rates what they say.

    python benchmarks/anomaly_calibration.py DERIVATIVES --bids-dir BIDS [--representation NAME --score NAME]

Controls are split into folds by subject; all of a method (network, machine, normative model, reference) is
fitted on the other folds. Printed are the Kolmogorov-Smirnov distance of the held-out voxels' conformal p
from uniform, pooled and by region, and the share of held-out heads with any cluster at the nominal 10 %, at
three cluster-forming thresholds, with its exact 95 % interval.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_methods import Family, Heads, baseline, learned_family, read_heads

from bidsapp.analyses.anomaly.measure import BIN_WIDTH, BINS
from bidsapp.analyses.anomaly.train import one_session_each
from bidsapp.bids.cohort import read_cohort
from bidsapp.cohort import Cohort
from bidsapp.files import write_json

THRESHOLDS = (2.5, 3.0, 3.5)
ALPHA = 0.1


def fit(controls: Heads, threshold: float, arguments: argparse.Namespace) -> Family:
    """Fit the method that is asked for."""
    values = {"cluster_threshold": threshold}
    if arguments.representation == "none":
        return baseline("recipe (T1w)", controls, values)
    values |= {"representation": arguments.representation, "steps": arguments.steps, "score_fwhm_mm": 4.0}
    return learned_family(
        arguments.representation, controls, values, scores=[arguments.score], folder=arguments.folder
    )[0]


def distance(pooled: NDArray[np.float64], held_out: NDArray[np.int64]) -> float:
    """Give the largest difference between the held-out voxels' distribution and the controls'."""
    own = np.cumsum(held_out[::-1])[::-1] / max(int(held_out.sum()), 1)
    return float(np.abs(own - pooled).max())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("derivatives", type=Path)
    parser.add_argument("--bids-dir", type=Path)
    parser.add_argument("--controls")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--representation", default="none", help="none: the packaged recipe")
    parser.add_argument("--score", default="gaussian")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--folder", type=Path, default=Path("anomaly-calibration-training"))
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    cohort = read_cohort([arguments.derivatives], bids_dir=arguments.bids_dir, controls=arguments.controls)
    heads = read_heads(one_session_each(cohort))
    place = {member.subject: index for index, member in enumerate(heads.members)}
    folds = Cohort(tuple(heads.members)).folds(arguments.folds, seed=arguments.seed)
    tests = [sorted(place[member.subject] for member in test.members) for _, test in folds]
    regions = heads.parcels.index
    counts = np.zeros((len(regions) + 1, BINS), dtype=np.int64)
    expected = np.zeros(BINS)
    best: dict[float, list[float]] = {threshold: [] for threshold in THRESHOLDS}
    for test in tests:
        controls = heads.part(sorted(set(range(len(place))) - set(test)))
        for threshold in THRESHOLDS:
            family = fit(controls, threshold, arguments)
            method = family.methods[0]
            for index in test:
                features = family.describe(heads.members[index].name, heads.volumes[index])
                judged = method.judge(features, heads.members[index])
                best[threshold].append(judged.ranked[0].p if judged.ranked else 1.0)
                if threshold == THRESHOLDS[0]:
                    bins = np.minimum((np.abs(judged.z) / BIN_WIDTH).astype(np.int64), BINS - 1)
                    counts[-1] += np.bincount(bins, minlength=BINS)
                    for region in range(len(regions)):
                        inside = heads.parcels.owner == region
                        counts[region] += np.bincount(bins[inside], minlength=BINS)
            if threshold == THRESHOLDS[0]:
                expected += method.trained.variants["adjusted"].reference.survival / len(tests)
    apart = [distance(expected, row) for row in counts]
    print(f"Kolmogorov-Smirnov distance of voxelwise p from uniform: pooled {apart[-1]:.3f}")
    order = np.argsort(apart[:-1])[::-1]
    worst = ", ".join(f"{heads.parcels.names[i]} {heads.parcels.sides[i]} {apart[i]:.3f}" for i in order[:5])
    print(f"by region: median {np.median(apart[:-1]):.3f}; worst: {worst}")
    for threshold, p in best.items():
        count = sum(value <= ALPHA for value in p)
        low, high = stats.binomtest(count, len(p)).proportion_ci(method="exact")
        verdict = "compatible" if low <= ALPHA <= high else "not compatible"
        print(
            f"|z| > {threshold:g}: {count}/{len(p)} = {count / len(p):.1%} of held-out heads with a cluster "
            f"at {ALPHA:.0%} (95 % {low:.1%} to {high:.1%}): {verdict}"
        )
    if arguments.out:
        by_region = {str(index): value for index, value in zip(regions, apart, strict=False)}
        write_json(arguments.out, {
            "pooled": apart[-1], "regions": by_region, "best": {str(k): v for k, v in best.items()},
        })  # fmt: skip


if __name__ == "__main__":
    main()
