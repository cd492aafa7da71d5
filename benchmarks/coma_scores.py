"""What the coma benchmarks share: models left out by repeated nested cross-validation, tables, files."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from coma_patients import Study
from numpy.typing import NDArray

from bidsapp.analyses.coma.models.protocol import Model
from bidsapp.files import write_json, write_text
from bidsapp.learning.discrimination import Estimate
from bidsapp.learning.validation.bootstrap import intervals, paired_differences
from bidsapp.learning.validation.measures import Measure
from bidsapp.learning.validation.out_of_fold import out_of_fold
from bidsapp.learning.validation.permutation import cross_validated, permutation_test

Array = NDArray[np.float64]
Makes = Mapping[str, Callable[[], Model]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How models are measured: outer folds, repeats, draws of the bootstrap, seed.

    Measures named in ``slow`` are fits of their own (the calibration line) and get fewer draws.
    """

    folds: int = 5
    repeats: int = 10
    resamples: int = 2000
    slow: frozenset[str] = frozenset({"calibration_slope", "calibration_intercept"})
    slow_resamples: int = 100
    seed: int = 0

    def quick(self, measures: Mapping[str, Measure]) -> dict[str, Measure]:
        """Give the measures that are not fits of their own."""
        return {name: each for name, each in measures.items() if name not in self.slow}

    def intervals(
        self, measures: Mapping[str, Measure], truth: Array, predicted: Array, subjects: list[str]
    ) -> dict[str, Estimate]:
        """Give measures with intervals, in their order."""
        found: dict[str, Estimate] = {}
        for name, measure in measures.items():
            draws = self.slow_resamples if name in self.slow else self.resamples
            found |= intervals({name: measure}, truth, predicted, subjects, resamples=draws, seed=self.seed)
        return found


@dataclass(frozen=True, eq=False)
class Measured:
    """Left-out predictions of a model (repeats, patients), its measures, and those less another model's."""

    name: str
    title: str
    predicted: Array
    measures: Mapping[str, Estimate]
    differences: Mapping[str, Estimate]
    seconds: float


def measure_models(
    makes: Makes, study: Study, target: Array, measures: Mapping[str, Measure], plan: Plan, *, beside: str
) -> list[Measured]:
    """Predict every patient by each model fitted to others, and compare each with the model ``beside``."""
    reference: Array | None = None
    found = []
    for name in sorted(makes, key=lambda name: name != beside):
        start = time.process_time()
        left_out = out_of_fold(
            makes[name], study.patients, target, study.subjects,
            folds=plan.folds, repeats=plan.repeats, seed=plan.seed,
        ).predictions  # fmt: skip
        seconds = time.process_time() - start
        reference = left_out if reference is None else reference
        own = plan.intervals(measures, target, left_out, study.subjects)
        apart = paired_differences(
            plan.quick(measures), target, left_out, reference, study.subjects,
            resamples=plan.resamples, seed=plan.seed,
        )  # fmt: skip
        found.append(Measured(name, makes[name]().title, left_out, own, apart, seconds))
        print(f"{name:20}" + "  ".join(f"{key} {show(each)}" for key, each in own.items()), flush=True)
    return sorted(found, key=lambda each: list(makes).index(each.name))


def permutation_p(
    makes: Makes,
    study: Study,
    target: Array,
    measure: Measure,
    plan: Plan,
    *,
    permutations: int,
    higher: bool,
) -> dict[str, tuple[float, Array]]:
    """Give p and the null values of each model, by shuffled labels and one repeat of the outer folds."""
    found = {}
    for name, make in makes.items():
        statistic = cross_validated(
            make, study.patients, study.subjects, measure,
            folds=plan.folds, seed=plan.seed, higher_is_better=higher,
        )  # fmt: skip
        test = permutation_test(statistic, target, study.subjects, permutations=permutations, seed=plan.seed)
        found[name] = (test.p, test.null if higher else -test.null)
        print(f"{name:20} p {test.p:.3f} of {permutations} shuffles", flush=True)
    return found


def show(estimate: Estimate) -> str:
    """Write ``0.28 (0.10 to 0.41)``."""
    if math.isnan(estimate.value):
        return "n/a"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def markdown(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Give a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def as_json(measured: Measured) -> dict[str, object]:
    """Give what a file keeps of a model."""
    return {
        "model": measured.name,
        "title": measured.title,
        "measures": {key: _numbers(each) for key, each in measured.measures.items()},
        "differences": {key: _numbers(each) for key, each in measured.differences.items()},
        "cpu_seconds": round(measured.seconds, 2),
    }


def _numbers(estimate: Estimate) -> list[float] | None:
    """Give value, low and high; None where the measure is not defined, as ranks of a constant."""
    found = [estimate.value, estimate.low, estimate.high]
    return None if any(map(math.isnan, found)) else found


def write_results(folder: Path, name: str, results: Mapping[str, object], table: str) -> None:
    """Write ``name.json`` and ``name.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f"{name}.json", dict(results))
    write_text(folder / f"{name}.md", table)
    print(table, flush=True)


def options(description: str, *, permutations: bool = True, repeats: int = 10) -> argparse.ArgumentParser:
    """Give the options that the coma benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeats", type=int, default=repeats, help="repeats of the outer folds")
    if permutations:
        parser.add_argument("--permutations", type=int, default=100, help="shuffles of the labels")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser
