"""Which intervals hold low, middle and high scores alike: rules compared on simulated scores.

    python benchmarks/coma_intervals.py --out FOLDER [--draws 60]

Skewed scores from 0 to 42 (gamma of shape 1.2, like the NIH Stroke Scale), two noisy signs of each, least
squares in five folds: a model that leans towards the mean. Coverage of 90 % intervals is that of 100 new
patients in each draw, by thirds of the population. Beside plain CV+ and CV+ by score, the two rules that were
tried and not taken: by score with signed residuals (half of the miss on either side), and each score compared
with the patients of the nearest third or fifth of the labels. Takes a few seconds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from coma_scores import markdown, write_results
from numpy.typing import NDArray

from bidsapp.learning.confidence.by_score import by_score_interval, thirds_of
from bidsapp.learning.confidence.coverage import TERTILES
from bidsapp.learning.confidence.interval import CrossState, Interval, plus_interval, unconditional_interval

Array = NDArray[np.float64]
HIGHEST, MISS, FOLDS, NEW = 42.0, 0.1, 5, 100
NUMBERS = (30, 50, 150, 600)
_STEP = 0.5  # of the scores that are tried where there is no formula


@dataclass(frozen=True, eq=False)
class Draw:
    """Training patients with signed left-out errors, and the predictions of new ones (folds, new)."""

    state: CrossState
    error: Array
    predicted: Array


Rule = Callable[[Draw], Interval]


def signed_interval(draw: Draw) -> Interval:
    """Give the interval by score with signed errors: half of the miss above, half below."""
    third, tried = thirds_of(draw.state.label), np.arange(0, HIGHEST + _STEP, _STEP)
    moved, held = draw.predicted[draw.state.fold] + draw.error[:, None], []
    number = _third_of(tried, draw.state.label, third)
    for score, own in zip(tried, number, strict=True):
        ours = moved[third == own]
        place = int(MISS / 2 * (len(ours) + 1) + 1e-9)
        held.append(((ours <= score).sum(axis=0) >= place) & ((ours >= score).sum(axis=0) >= place))
    return _hull(tried, np.array(held))


def nearest_interval(draw: Draw, *, share: float) -> Interval:
    """Give the interval where each score is compared with the patients of the nearest labels."""
    state, tried, held = draw.state, np.arange(0, HIGHEST + _STEP, _STEP), []
    for score in tried:
        apart = np.abs(state.label - score)
        near = apart <= np.sort(apart)[round(share * apart.size) - 1]
        errors = np.abs(score - draw.predicted[state.fold[near]])
        place = int(MISS * (near.sum() + 1) + 1e-9)
        held.append((errors <= state.residual[near][:, None]).sum(axis=0) >= place)
    return _hull(tried, np.array(held))


RULES: Mapping[str, Rule] = {
    "scores alone": lambda draw: unconditional_interval(draw.state.label, NEW, lowest=0.0, highest=HIGHEST),
    "plain": lambda draw: plus_interval(draw.state, draw.predicted, lowest=0.0, highest=HIGHEST),
    "by score": lambda draw: by_score_interval(draw.state, draw.predicted, lowest=0.0, highest=HIGHEST),
    "by score, signed": signed_interval,
    "nearest third": partial(nearest_interval, share=1 / 3),
    "nearest fifth": partial(nearest_interval, share=1 / 5),
}


def main() -> None:
    """Draw cohorts of each size and measure all rules on them."""
    parser = argparse.ArgumentParser(description="Rules of intervals on simulated scores.")
    parser.add_argument("--draws", type=int, default=60, help="cohorts of each size")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    said = parser.parse_args()
    population = np.clip(np.random.default_rng(0).gamma(1.2, 6, 200000), 0, HIGHEST)
    found = {number: measure(population, number, said.draws) for number in NUMBERS}
    rows = [
        [number, rule, *(f"{value:.2f}" for value in values[:-1]), f"{values[-1]:.1f}"]
        for number, each in found.items()
        for rule, values in each.items()
    ]
    head = ["patients", "90 % interval", "all", *TERTILES, "mean width"]
    write_results(said.out, "intervals", {"rules": found}, markdown(head, rows))


def measure(population: Array, patients: int, draws: int) -> dict[str, list[float]]:
    """Give coverage of all and of thirds, and the mean width, of each rule."""
    rng, cuts = np.random.default_rng(1), np.quantile(population, [1 / 3, 2 / 3])
    found: dict[str, list[list[float]]] = {name: [] for name in RULES}
    for _ in range(draws):
        score = rng.choice(population, patients + NEW)
        draw, truth = _draw(rng, score, patients), score[patients:]
        third = np.searchsorted(cuts, truth)
        for name, rule in RULES.items():
            interval = rule(draw)
            held = interval.holds(truth)
            parts = [held, *(held[third == number] for number in range(3)), interval.width]
            found[name].append([float(part.mean()) for part in parts])
    return {name: np.mean(values, axis=0).tolist() for name, values in found.items()}


def _draw(rng: np.random.Generator, score: Array, patients: int) -> Draw:
    """Fit the folds' models to the first patients and predict all others."""
    signs = np.c_[np.ones(score.size), score[:, None] / 2 + rng.normal(0, 6, (score.size, 2))]
    seen, label, fold = signs[:patients], score[:patients], np.arange(patients) % FOLDS
    weights = [np.linalg.lstsq(seen[fold != k], label[fold != k], rcond=None)[0] for k in range(FOLDS)]
    predicted = np.array([signs @ weight for weight in weights])
    error = label - predicted[fold, np.arange(patients)]
    state = CrossState(fold, np.abs(error), np.ones(FOLDS), label)
    return Draw(state, error, predicted[:, patients:])


def _third_of(scores: Array, label: Array, third: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give the third of each score, by the label that is nearest."""
    return third[np.abs(scores[:, None] - label).argmin(axis=1)]


def _hull(tried: Array, held: NDArray[np.bool_]) -> Interval:
    """Give the lowest and highest score held of each patient; the scale where none is."""
    low = np.where(held.any(axis=0), tried[held.argmax(axis=0)], 0.0)
    high = np.where(held.any(axis=0), tried[held.shape[0] - 1 - held[::-1].argmax(axis=0)], HIGHEST)
    return Interval(low, high)


if __name__ == "__main__":
    main()
