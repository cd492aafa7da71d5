"""Stroke severity (NIHSS) from lesion masks: every loss on the same features, beside ridge on lesion volume.

    python benchmarks/coma_losses.py [--repeats 1] [--out FILE]

Real masks and scores of 600 patients (:mod:`coma_loss_data`); five folds by patient; scaling, penalty and
number of epochs are learned from training patients. The interval is of the difference in mean absolute
error to ridge on the logarithm of lesion volume, by bootstrap over patients (paired). ``MAE (median)`` is
that of the median of the predicted distribution, the guess that absolute error rewards on a skewed score.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import RidgeCV
from sklearn.metrics import cohen_kappa_score
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_fitting import table
from coma_loss_data import Array, Patients, read_strokes

from bidsapp.files import write_json
from bidsapp.learning.ordinal.base import median_level
from bidsapp.learning.ordinal.registry import LOSSES
from bidsapp.learning.tabular import HeadSettings, OrdinalHead

REFERENCE = "ridge, volume"
FOLDS, RESAMPLES = 5, 5000
NIHSS_ERROR = 1.5  # points: standard error of one rating, for the model with soft labels
Way = Callable[[Array, Array, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Row:
    """One model: its figures over all patients, left out; the difference to the reference, with interval."""

    model: str
    mae: float
    mae_median: float
    spearman: float
    kappa: float
    difference: float
    low: float
    high: float


def median(train: Array, score: Array, test: Array) -> tuple[Array, Array]:
    """Say the median of the training patients."""
    said = np.full(len(test), np.median(score))
    return said, said


def ridge(columns: slice, train: Array, score: Array, test: Array) -> tuple[Array, Array]:
    """Ridge regression whose penalty is chosen by leaving one out."""
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 26)))
    said = np.asarray(model.fit(train[:, columns], score).predict(test[:, columns]))
    return said, said


def head(
    columns: slice, settings: HeadSettings, error: float | None, train: Array, score: Array, test: Array
) -> tuple[Array, Array]:
    """Fit a head, and give the mean and the median of what it predicts."""
    fitted = OrdinalHead(settings).fit(train[:, columns], score, standard_error=error)
    law = torch.from_numpy(fitted.probabilities(test[:, columns]))
    return fitted.predict(test[:, columns]), median_level(law).numpy()


def ways(levels: int) -> dict[str, Way]:
    """Give all models by name; the first columns are volume and age."""
    volume, both, everything = slice(0, 1), slice(0, 2), slice(None)
    found: dict[str, Way] = {
        "median": median,
        REFERENCE: partial(ridge, volume),
        "ridge, volume and age": partial(ridge, both),
        "ridge, regions": partial(ridge, everything),
    }
    for loss in LOSSES:
        found[f"{loss}, regions"] = partial(head, everything, HeadSettings(levels=levels, loss=loss), None)
    plain = partial(HeadSettings, levels=levels)
    found["cumulative-link, volume and age"] = partial(head, both, plain(loss="cumulative-link"), None)
    found["huber, volume and age"] = partial(head, both, plain(loss="huber"), None)
    for loss in ("cross-entropy", "cumulative-link"):
        found[f"{loss}, regions, soft labels"] = partial(head, everything, plain(loss=loss), NIHSS_ERROR)
    for balance in ("effective", "density"):
        settings = plain(loss="cumulative-link", balance=balance)
        found[f"cumulative-link, regions, {balance}"] = partial(head, everything, settings, None)
    found["cumulative-link, regions, 8 hidden units"] = partial(
        head, everything, plain(loss="cumulative-link", hidden=8), None
    )
    return found


def left_out(way: Way, people: Patients, repeats: int) -> tuple[Array, Array]:
    """Give mean and median prediction of each patient by models that never saw it, shape (repeats, n)."""
    mean, middle = np.empty((2, repeats, len(people)))
    for repeat in range(repeats):
        folds = KFold(FOLDS, shuffle=True, random_state=repeat)
        for train, test in folds.split(people.features):
            mean[repeat, test], middle[repeat, test] = way(
                people.features[train], people.score[train], people.features[test]
            )
    return mean, middle


def judge(name: str, mean: Array, middle: Array, reference: Array, people: Patients) -> Row:
    """Give the figures of a model; errors of repeats are averaged within patients before the bootstrap."""
    error = np.abs(mean - people.score).mean(0)
    difference = error - np.abs(reference - people.score).mean(0)
    draws = np.random.default_rng(0).integers(len(people), size=(RESAMPLES, len(people)))
    low, high = np.percentile(difference[draws].mean(1), [2.5, 97.5])
    whole = np.rint(mean).clip(0, people.levels - 1).astype(int)
    kappas = [
        cohen_kappa_score(people.score.astype(int), said, weights="quadratic", labels=range(people.levels))
        for said in whole
    ]
    return Row(
        model=name,
        mae=float(error.mean()),
        mae_median=float(np.abs(middle - people.score).mean()),
        spearman=float(np.mean([_rank(people.score, said) for said in mean])),
        kappa=float(np.mean(kappas)),
        difference=float(difference.mean()),
        low=float(low),
        high=float(high),
    )


def _rank(score: Array, said: Array) -> float:
    return 0.0 if np.ptp(said) == 0 else float(spearmanr(score, said).statistic)


def compare(people: Patients, repeats: int) -> Iterator[Row]:
    """Measure every model."""
    found = ways(people.levels)
    reference, _ = left_out(found[REFERENCE], people, repeats)
    for name, way in found.items():
        yield judge(name, *left_out(way, people, repeats), reference, people)


def report(rows: list[Row]) -> str:
    """Write the table, best first."""
    lines = [
        [row.model, f"{row.mae:.2f}", f"{row.mae_median:.2f}", f"{row.spearman:.2f}", f"{row.kappa:.2f}",
         f"{row.difference:+.2f} ({row.low:+.2f} to {row.high:+.2f})"]
        for row in sorted(rows, key=lambda row: row.mae)
    ]  # fmt: skip
    columns = ["model", "MAE", "MAE (median)", "Spearman", "kappa", f"MAE - {REFERENCE} (95 %)"]
    return table("NIHSS from lesion masks, patients left out", columns, lines)


def main() -> None:
    """Measure all models and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1, help="of the five folds")
    parser.add_argument("--out", type=Path, help="JSON file for the rows")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for row in compare(read_strokes(), arguments.repeats):
        print(f"{row.model}: MAE {row.mae:.3f}", flush=True)
        rows.append(row)
        if arguments.out:
            write_json(arguments.out, {"argv": sys.argv[1:], "rows": [asdict(row) for row in rows]})
    print(report(rows))


if __name__ == "__main__":
    main()
