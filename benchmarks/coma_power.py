"""How many coma patients a study needs: accuracy, interval width and power against n, on simulated patients.

    python benchmarks/coma_power.py [--derivatives HEALTHY] [--patients 1200] [--studies 60] --out FOLDER

SIMULATED: whatever the simulator leaves out (other scanners, other injuries) makes real studies larger. From
one large simulated population, studies of n patients are drawn without replacement. Each is worked on by
itself: five folds by patient; in each, means, scales and the ridge penalty (generalised cross-validation) are
learned from the other folds. Printed for each kind of images and standard error of the label, and for what no
image shows (--biological-sd):

- R2 of the left-out patients against the mean of their training patients, and its spread over studies;
- power: the share of studies whose patient bootstrap (1000) has a lower 95 % end of R2 above 0;
- width: of the 90 % interval from the left-out residuals (the ceil(0.9 (n + 1))-th smallest, twice), and the
  same without images;
- chance: the power with shuffled labels, which must stay below 0.05.

Simulation takes 2 CPU minutes, the studies about 5.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from coma_simulated import Simulated, add_options, healthy_heads, simulate

from bidsapp.files import write_json, write_text
from bidsapp.simulate.coma.score import ScoreMap
from bidsapp.simulate.coma.study import Study

Matrix = NDArray[np.float64]
Row = dict[str, str | float | int]
SIZES = (20, 30, 50, 75, 100, 150, 200, 300)
ERRORS = (0.0, 1.6, 3.2)
SHUFFLED = "shuffled"
KINDS: Mapping[str, tuple[str, ...]] = {
    "T1w": ("T1w",),
    "FDG": ("pet",),
    "BOLD": ("bold",),
    "all": ("T1w", "T2w", "FLAIR", "FA", "ADC", "pet", "cbf", "alff", "reho", "bold"),
}
FOLDS, PENALTIES = 5, np.logspace(0, 6, 13)
COVERAGE, BOOTSTRAPS = 0.9, 1000


def columns(simulated: Simulated, key: str) -> Matrix:
    """Give the features of one kind of image, shape (patients, columns): regions' means, or correlations."""
    if key != "bold":
        return np.array([list(patient.regions[key].values()) for patient in simulated.patients])
    found = [np.corrcoef(patient.series["bold"].values.T) for patient in simulated.patients]
    below = np.tril_indices(len(found[0]), -1)
    return np.arctanh(np.clip([matrix[below] for matrix in found], -0.999, 0.999))


def left_out(features: Sequence[Matrix], targets: Matrix, rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Predict each patient from those of the other folds; also by their mean. Shapes as ``targets``."""
    from sklearn.linear_model import RidgeCV

    predicted, mean = np.empty_like(targets), np.empty_like(targets)
    order = rng.permutation(len(targets))
    for fold in range(FOLDS):
        test = order[fold::FOLDS]
        train = np.setdiff1d(order, test)
        blocks = [standardise(block[train], block) for block in features]
        table = np.concatenate(blocks, axis=1)
        ridge = RidgeCV(alphas=PENALTIES, alpha_per_target=True).fit(table[train], targets[train])
        predicted[test] = ridge.predict(table[test])
        mean[test] = targets[train].mean(axis=0)
    return predicted, mean


def standardise(train: Matrix, block: Matrix) -> Matrix:
    """Scale columns by the training patients; columns without spread become 0."""
    spread = train.std(axis=0)
    return (block - train.mean(axis=0)) / np.where(spread > 0, spread, np.inf)


def judge(target: Matrix, predicted: Matrix, mean: Matrix, rng: np.random.Generator) -> dict[str, float]:
    """Measure one study of one target; all of shape (patients,)."""
    error, total = (target - predicted) ** 2, (target - mean) ** 2
    drawn = rng.integers(len(target), size=(BOOTSTRAPS, len(target)))
    r2 = 1 - error[drawn].sum(axis=1) / total[drawn].sum(axis=1)
    return {
        "r2": float(1 - error.sum() / total.sum()),
        "mae": float(np.abs(target - predicted).mean()),
        "shown": float(np.quantile(r2, 0.025) > 0),
        "width": interval_width(target - predicted),
        "width_without": interval_width(target - mean),
    }


def interval_width(residuals: Matrix) -> float:
    """Give the width of the interval that holds a new patient with 90 %, from left-out residuals."""
    rank = int(np.ceil(COVERAGE * (len(residuals) + 1)))
    return 2 * float(np.sort(np.abs(residuals))[min(rank, len(residuals)) - 1])


def measure(
    features: Sequence[Matrix], targets: Matrix, names: Sequence[str], size: int, studies: int, kind: str
) -> list[Row]:
    """Draw and judge studies of one size; ``targets`` has a column for each name."""
    judged: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for study in range(studies):
        rng = np.random.default_rng([size, study])
        chosen = rng.choice(len(targets), size, replace=False)
        own = targets[chosen].copy()
        own[:, names.index(SHUFFLED)] = rng.permutation(own[:, names.index(SHUFFLED)])
        predicted, mean = left_out([block[chosen] for block in features], own, rng)
        for place, name in enumerate(names):
            judged[name].append(judge(own[:, place], predicted[:, place], mean[:, place], rng))
    rows: list[Row] = []
    for name, found in judged.items():
        means = {key: float(np.mean([item[key] for item in found])) for key in found[0]}
        spread = float(np.std([item["r2"] for item in found]))
        rows.append({"images": kind, "error": name, "n": size, **means, "r2_sd": spread, "studies": studies})
    return rows


def as_text(row: Row) -> str:
    """Give a row as a line."""
    return (
        f"{row['images']:6s}  {row['error']:8s} {row['n']:3d}  {row['r2']:5.2f} ({row['r2_sd']:.2f})  "
        f"{row['mae']:5.2f}  {row['shown']:5.2f}  {row['width']:5.1f}  {row['width_without']:5.1f}"
    )


def needed(rows: Sequence[Row], kind: str, error: str, key: str, goal: float) -> str:
    """Give the smallest n from which on all larger studies reach a goal (power at least, width at most)."""
    own = sorted(
        (row for row in rows if row["images"] == kind and row["error"] == error), key=lambda r: r["n"]
    )
    reached = [row[key] >= goal if key == "shown" else row[key] <= goal for row in own]
    first = len(reached) - (reached[::-1].index(False) if False in reached else len(reached))
    return str(own[first]["n"]) if first < len(own) else f"> {own[-1]['n']}"


def draw(rows: Sequence[Row], path: Path) -> None:
    """Plot R2, power and width against n, one line for each kind of images and label error."""
    from matplotlib.figure import Figure

    plot = Figure(figsize=(12, 3.8), layout="constrained")
    panels = (
        ("r2", "R² of left-out patients"),
        ("shown", "power for R² > 0"),
        ("width", "90 % interval (points)"),
    )
    for axes, (key, title) in zip(plot.subplots(1, 3), panels, strict=True):
        for kind, error in dict.fromkeys((row["images"], row["error"]) for row in rows):
            own = [row for row in rows if row["images"] == kind and row["error"] == error]
            style = {SHUFFLED: "k:", "0": "--"}.get(str(error), "o-" if error == "1.6" else "-.")
            if error == SHUFFLED and (kind != "all" or key == "width"):
                continue
            axes.semilogx(
                [row["n"] for row in own], [row[key] for row in own], style, label=f"{kind}, {error}"
            )
        axes.set_xticks(SIZES, [str(size) for size in SIZES])
        axes.minorticks_off()
        axes.set_xlabel("patients (simulated)")
        axes.set_title(title)
    axes.legend(title="images, label error", fontsize="x-small")
    plot.savefig(path)


def main() -> None:
    """Simulate, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add_options(parser)
    parser.add_argument("--patients", type=int, default=1200, help="of the population")
    parser.add_argument("--studies", type=int, default=60, help="of each size")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--sites", type=int, default=4)
    parser.add_argument("--biological-sd", type=float, default=ScoreMap().biological_sd, help="points")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    score = ScoreMap(biological_sd=options.biological_sd)
    study = Study(seed=options.seed, sites=options.sites, score=score)
    population = simulate(options.patients, healthy_heads(options), study, volumes=False)
    rng = np.random.default_rng(options.seed)
    exams = [
        [float(ScoreMap(label_error=error).exam(truth.state, rng)) for truth in population.truths]
        for error in (*ERRORS, ERRORS[1])
    ]
    names = [*(f"{error:g}" for error in ERRORS), SHUFFLED]
    features = {key: columns(population, key) for key in KINDS["all"]}
    rows: list[Row] = []
    print("images  error     n    R2 (sd)       MAE  power  width  without")
    for kind, keys in KINDS.items():
        for size in (size for size in SIZES if size <= options.patients):
            own = [features[key] for key in keys]
            found = measure(own, np.array(exams).T, names, size, options.studies, kind)
            rows += found
            print("\n".join(map(as_text, found)), flush=True)
    for kind in KINDS:
        for error in names[:-1]:
            power, width = needed(rows, kind, error, "shown", 0.8), needed(rows, kind, error, "width", 12)
            print(f"{kind}, label error {error}: 80 % power from n = {power}, 12 points from n = {width}")
    options.out.mkdir(parents=True, exist_ok=True)
    write_json(options.out / "coma-power.json", {"argv": sys.argv[1:], "rows": rows, "simulated": True})
    header = list(rows[0])
    lines = ["\t".join(str(row[key]) for key in header) for row in rows]
    write_text(options.out / "coma-power.tsv", "\n".join(["\t".join(header), *lines]) + "\n")
    draw(rows, options.out / "coma-power.svg")


if __name__ == "__main__":
    main()
