"""Losses by number of patients and label error, with and without curriculum: which to choose when.

    python benchmarks/coma_loss_noise.py {simulated,stroke} [--repeats 6] [--out FILE]
    python benchmarks/coma_loss_noise.py --read FILE ...
    python benchmarks/coma_loss_figure.py FILE ...

Normal error is added to the training labels, which are then rounded and kept on the scale. Half of the
patients were examined with less error (half of the stated one), half with more, such that the root mean
square is as stated; the curriculum ``certain first`` and the soft labels know which. ``self-paced`` knows
nothing. Tests are free of added error: 1000 new SIMULATED patients, or 120 real stroke patients left out
(whose NIHSS has its own error). All losses of a repeat see the same patients and labels; small samples are
drawn more often. 600 stroke patients leave 480 for training.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_fitting import table
from coma_loss_data import Array, Patients, read_strokes, simulate_scores

from bidsapp.files import write_json
from bidsapp.learning.curriculum import Curriculum
from bidsapp.learning.tabular import HeadSettings, OrdinalHead

SIZES, NOISES, LARGEST, TEST = (50, 100, 300, 600), (0.0, 1.0, 2.0, 4.0), 480, 120
LOSSES = ("cross-entropy", "coral", "corn", "cumulative-link", "kappa", "huber", "ranknet", "spearman")
AIDED = ("cross-entropy", "cumulative-link", "huber")  # those that are also tried with each aid
AIDS = ("certain first", "self-paced", "soft labels")
KINDS = {"certain first": "easiest", "self-paced": "self-paced"}


@dataclass(frozen=True)
class Run:
    """One training and its test."""

    data: str
    n: int
    noise: float
    repeat: int
    loss: str
    aid: str
    mae: float
    spearman: float


@dataclass(frozen=True, eq=False)
class Draw:
    """Training patients with their noisy labels and the error of each, and test patients."""

    train: Patients
    label: Array
    error: Array
    test: Patients


def draw(people: Patients, train: Array, test: Array, noise: float, levels: int, seed: int) -> Draw:
    """Add error to the labels of the training patients."""
    rng = np.random.default_rng(seed)
    error = noise * np.where(rng.permutation(len(train)) % 2, 0.5, 1.75**0.5)
    label = np.rint(people.score[train] + error * rng.normal(size=len(train))).clip(0, levels - 1)
    return Draw(_some(people, train), label, error, _some(people, test))


def _some(people: Patients, rows: Array) -> Patients:
    return Patients(people.features[rows], people.score[rows], people.volume, people.levels)


def draws(data: str, n: int, noise: float, repeat: int, strokes: Patients | None) -> Draw:
    """Give the patients of a repeat: new ones of the simulation, or a split of the real ones."""
    seed = 1000 * repeat + n
    if strokes is None:
        people = simulate_scores(n + 1000, seed)
        order = np.arange(n + 1000)
        return draw(people, order[:n], order[n:], noise, people.levels, seed)
    order = np.random.default_rng(repeat).permutation(len(strokes))
    return draw(strokes, order[TEST:][:n], order[:TEST], noise, strokes.levels, seed)


def measure(seen: Draw, loss: str, aid: str) -> tuple[float, float]:
    """Train with a loss and an aid; give mean absolute error and rank correlation of the test patients."""
    curriculum = Curriculum(kind=KINDS[aid]) if aid in KINDS else Curriculum()
    settings = HeadSettings(
        levels=seen.train.levels, loss=loss, curriculum=curriculum, folds=2, epochs=6, steps=4,
        penalties=(0.3, 0.03, 0.003),
    )  # fmt: skip
    soft = seen.error if aid == "soft labels" else None
    model = OrdinalHead(settings).fit(
        seen.train.features, seen.label, standard_error=soft, difficulty=seen.error
    )
    said = model.predict(seen.test.features)
    rank = 0.0 if np.ptp(said) == 0 else float(spearmanr(seen.test.score, said).statistic)
    return float(np.abs(said - seen.test.score).mean()), rank


def sweep(data: str, repeats: int) -> Iterator[Run]:
    """Run all; 50 patients are drawn ``repeats`` times, 100 two thirds of that, 300 half, 600 a third."""
    strokes = read_strokes() if data == "stroke" else None
    plain = [(loss, "none") for loss in LOSSES]
    aided = list(product(AIDED, AIDS))
    for repeat, (n, part) in product(range(repeats), zip(SIZES, (1, 2 / 3, 1 / 2, 1 / 3), strict=True)):
        if repeat >= round(part * repeats):
            continue
        size = n if strokes is None else min(n, LARGEST)
        for noise in NOISES:
            seen = draws(data, size, noise, repeat, strokes)
            for loss, aid in plain + aided:
                if noise == 0 and aid in {"certain first", "soft labels"}:
                    continue  # all labels are exact: the same as none
                yield Run(data, size, noise, repeat, loss, aid, *measure(seen, loss, aid))


def mean_of(runs: Sequence[Run], figure: str = "mae") -> float:
    """Give the mean over repeats."""
    return float(np.mean([getattr(run, figure) for run in runs])) if runs else float("nan")


def report(runs: Sequence[Run]) -> str:
    """Write a table for each data set: losses by size and label error, then what the aids change."""
    blocks = []
    for data in dict.fromkeys(run.data for run in runs):
        own = [run for run in runs if run.data == data]
        cells = sorted({(run.n, run.noise) for run in own})
        columns = ["loss", *(f"{n}/{noise:g}" for n, noise in cells)]
        for figure in ("mae", "spearman"):
            lines = [
                [loss, *(f"{mean_of(_cell(own, cell, loss, 'none'), figure):.2f}" for cell in cells)]
                for loss in LOSSES
            ]
            title = f"{data}, {figure} by patients / label error, no aid"
            blocks.append(table(title, columns, lines))
        lines = [
            [f"{loss}, {aid}", *(change(_cell(own, cell, loss, aid), own) for cell in cells)]
            for loss, aid in product(AIDED, AIDS)
        ]
        blocks.append(table(f"{data}, change of MAE by the aid (paired)", columns, lines))
    return "\n".join(blocks)


def _cell(runs: Sequence[Run], cell: tuple[int, float], loss: str, aid: str) -> list[Run]:
    return [run for run in runs if (run.n, run.noise) == cell and (run.loss, run.aid) == (loss, aid)]


def change(aided: Sequence[Run], runs: Sequence[Run]) -> str:
    """Give mean and standard error over repeats of the change that an aid makes."""
    if not aided:
        return "-"
    plain = {(run.n, run.noise, run.repeat, run.loss): run.mae for run in runs if run.aid == "none"}
    changes = [run.mae - plain[run.n, run.noise, run.repeat, run.loss] for run in aided]
    spread = np.std(changes, ddof=1) / len(changes) ** 0.5 if len(changes) > 1 else float("nan")
    return f"{np.mean(changes):+.2f}±{spread:.2f}"


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """Read the runs of earlier calls."""
    return [Run(**run) for path in paths for run in json.loads(path.read_text(encoding="utf-8"))["runs"]]


def main() -> None:
    """Run or read, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", nargs="?", choices=["simulated", "stroke"])
    parser.add_argument("--repeats", type=int, default=6, help="of the smallest sample")
    parser.add_argument("--out", type=Path, help="JSON file for the runs, written as they come")
    parser.add_argument("--read", type=Path, nargs="*", default=[], help="runs of earlier calls")
    arguments = parser.parse_args()
    if not arguments.data and not arguments.read:
        parser.error("name the data, or files to --read")
    torch.set_num_threads(1)
    runs = read_runs(arguments.read)
    for run in sweep(arguments.data, arguments.repeats) if arguments.data else ():
        runs.append(run)
        if arguments.out and len(runs) % 17 == 0:
            write_json(arguments.out, {"argv": sys.argv[1:], "runs": [asdict(run) for run in runs]})
    if arguments.out:
        write_json(arguments.out, {"argv": sys.argv[1:], "runs": [asdict(run) for run in runs]})
    print(report(runs))


if __name__ == "__main__":
    main()
