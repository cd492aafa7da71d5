"""Whether attention finds the modality that tells the score, and what missing modalities cost: simulated.

    python benchmarks/fusion_attention.py [--cohorts 20] [--patients 120] [--epochs 25]
        [--kinds intermediate early late] [--out FILE.json]

Each cohort has ten modalities of noise; in one, another for each cohort, the intensity of a cube follows
the score. A fifth of all volumes are missing in training, whose width, batches, rate and epochs are those
of the coma analysis. Attention ranks that modality first if its mean weight over left-out patients who have
it is the largest; with early fusion there is one weight for all volumes, with late fusion all weigh the
same, so neither is ranked. Accuracy is Spearman's correlation in left-out patients from whom modalities
were taken at random, over all, and over those who kept the one that tells. About 7 CPU minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import beta, spearmanr
from torch import Tensor

from bidsapp.analyses.coma.models.network_fit import BATCH, DECAY, RATE, WIDTH
from bidsapp.analyses.coma.models.settings import Learning
from bidsapp.files import write_json
from bidsapp.networks.fusion import KINDS, FusionNetwork, Kind, fusion_network
from bidsapp.networks.modalities import FusionInputs

NAMES = ("T1w", "T2w", "FLAIR", "T2star", "FA", "MD", "cbf", "alff", "pet", "lesion")
SIDE, CUBE, MISSING, LEFT_OUT = 8, slice(2, 5), 0.2, 100
TAKEN = (0, 1, 2, 4, 6, 8, 9)
PROMISE = 0.9


@dataclass(frozen=True)
class Cohort:
    """Volumes ``(patients, 10, x, y, z)``, scores, what is there ``(patients, 10)``, and which one tells."""

    volumes: Tensor
    scores: Tensor
    there: Tensor
    telling: int

    def batch(self, rows: Tensor, there: Tensor | None = None) -> FusionInputs:
        """Give what the network reads of some patients."""
        known = self.there[rows] if there is None else there
        volumes = {name: self.volumes[rows, i : i + 1] for i, name in enumerate(NAMES)}
        return {
            "volumes": volumes, "series": {}, "there": dict(zip(NAMES, known.T, strict=True)),
        }  # fmt: skip


def draw_cohort(patients: int, seed: int) -> Cohort:
    """Draw a cohort."""
    generator = torch.Generator().manual_seed(seed)
    volumes = torch.randn(patients, len(NAMES), SIDE, SIDE, SIDE, generator=generator)
    scores = torch.randn(patients, generator=generator)
    telling = seed % len(NAMES)
    volumes[:, telling, CUBE, CUBE, CUBE] += scores[:, None, None, None]
    return Cohort(volumes, scores, torch.rand(patients, len(NAMES), generator=generator) > MISSING, telling)


def trained(cohort: Cohort, count: int, kind: Kind, epochs: int) -> FusionNetwork:
    """Train on the first patients, with the same settings for every cohort and kind."""
    network = fusion_network(NAMES, {}, 0, 1, kind, width=WIDTH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for _ in range(epochs):
        for rows in torch.randperm(count).split(BATCH):
            optimiser.zero_grad()
            error = network(cohort.batch(rows)).outputs[:, 0] - cohort.scores[rows]
            error.square().mean().backward()
            optimiser.step()
        falling.step()
    return network.eval()


def rank_of(network: FusionNetwork, cohort: Cohort, rows: Tensor) -> int:
    """Give the rank of the modality that tells by mean weight; 1 is first."""
    weights = network(cohort.batch(rows)).weights.where(cohort.there[rows], torch.nan).nanmean(dim=0)
    return int((weights > weights[cohort.telling]).sum()) + 1


def accuracy(network: FusionNetwork, cohort: Cohort, rows: Tensor, taken: int) -> tuple[float, float]:
    """Give the correlation with modalities taken away: over all, and where the one that tells was kept."""
    order = torch.rand(len(rows), len(NAMES)).argsort(dim=1)
    kept = order >= taken
    predicted, scores = network(cohort.batch(rows, kept)).outputs[:, 0].numpy(), cohort.scores[rows].numpy()
    still = kept[:, cohort.telling].numpy()
    everyone = float(spearmanr(predicted, scores).statistic)
    return everyone, float(spearmanr(predicted[still], scores[still]).statistic)


def measure(kind: Kind, options: argparse.Namespace) -> dict[str, object]:
    """Train on all cohorts; give ranks, and accuracy by number of modalities taken."""
    ranks, found = [], []
    start = time.process_time()
    rows = torch.arange(options.patients, options.patients + LEFT_OUT)
    for seed in range(options.cohorts):
        torch.manual_seed(seed)
        cohort = draw_cohort(options.patients + LEFT_OUT, seed)
        network = trained(cohort, options.patients, kind, options.epochs)
        with torch.inference_mode():
            ranks += [rank_of(network, cohort, rows)] if kind == "intermediate" else []
            found.append([accuracy(network, cohort, rows, taken) for taken in TAKEN])
        print(f"{kind}, cohort {seed}: rank {ranks[-1:]}, rho {found[-1][0][0]:.2f}", flush=True)
    means = np.nanmean(np.array(found), axis=0)
    by_taken = {str(taken): means[i].round(3).tolist() for i, taken in enumerate(TAKEN)}
    return {"ranks": ranks, "accuracy": by_taken, "cpu_s": time.process_time() - start}


def share_first(ranks: Sequence[int]) -> tuple[float, float, float]:
    """Give how often the rank is 1, with the interval of Clopper and Pearson (95 %)."""
    first, count = sum(rank == 1 for rank in ranks), len(ranks)
    low = float(beta.ppf(0.025, first, count - first + 1)) if first else 0.0
    high = float(beta.ppf(0.975, first + 1, count - first)) if first < count else 1.0
    return first / count, low, high


def markdown(results: dict[str, dict[str, object]]) -> str:
    """Write accuracy by number of missing modalities as a table."""
    lines = ["| fusion | " + " | ".join(f"{taken} missing" for taken in TAKEN) + " |"]
    lines.append("|---" * (len(TAKEN) + 1) + "|")
    for kind, result in results.items():
        cells = (f"{pair[0]:.2f} ({pair[1]:.2f})" for pair in dict(result["accuracy"]).values())  # type: ignore[call-overload]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and end with an error if the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=20)
    parser.add_argument("--patients", type=int, default=120, help="to train on")
    parser.add_argument("--epochs", type=int, default=Learning().epochs)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["intermediate", "early", "late"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    results = {kind: measure(kind, options) for kind in options.kinds}
    print(
        f"Spearman's correlation over all (where the modality that tells was kept)\n\n{markdown(results)}\n"
    )
    if options.out:
        write_json(options.out, {"results": results, "argv": sys.argv[1:]})
    if "intermediate" in results:
        share, low, high = share_first(list(results["intermediate"]["ranks"]))  # type: ignore[call-overload]
        print(f"Attention ranks it first in {share:.0%} of cohorts ({low:.0%} to {high:.0%}; promise 90 %).")
        if share < PROMISE:
            raise SystemExit("Broken promise: attention does not find the modality that tells.")


if __name__ == "__main__":
    main()
