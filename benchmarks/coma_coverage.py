"""How often 90 % intervals of left-out patients hold the score, all patients and thirds by score."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from coma_patients import Study
from coma_scores import Makes, markdown, show
from numpy.typing import NDArray

from bidsapp.analyses.coma.models.median import Median
from bidsapp.analyses.coma.models.protocol import Model
from bidsapp.learning.confidence.by_score import by_score_interval
from bidsapp.learning.confidence.coverage import TERTILES, Coverage, measure_coverage
from bidsapp.learning.confidence.cross_fit import left_out_intervals
from bidsapp.learning.confidence.interval import (
    Interval,
    IntervalRule,
    plus_interval,
    unconditional_interval,
)
from bidsapp.learning.validation.splits import repeated_folds

FOLDS = 10
Covered = Mapping[str, Mapping[str, Coverage]]


def left_out_coverage(
    makes: Makes,
    difficulty: Callable[[], Model],
    study: Study,
    target: NDArray[np.float64],
    *,
    highest: float,
) -> Covered:
    """Measure the interval that knows only scores, then CV+ of each model: plain, by difficulty, by score.

    Patients are left out of everything in ten outer folds; ``difficulty`` makes the model of the expected
    error. The median by score is what scores alone give when asked to hold each third, too.
    """
    outer = repeated_folds(target, study.subjects, folds=FOLDS, seed=0)[0]

    def left_out(
        make: Callable[[], Model],
        rule: IntervalRule = plus_interval,
        how: Callable[[], Model] | None = None,
    ) -> Interval:
        return left_out_intervals(
            make, study.patients, target, study.subjects, outer,
            folds=FOLDS, difficulty=how, rule=rule, lowest=0.0, highest=highest,
        )  # fmt: skip

    found = {
        "scores alone": _unconditional(target, outer, highest),
        "scores alone, by score": left_out(Median, by_score_interval),
    }
    for name, make in makes.items():
        found[f"{name}, plain"] = left_out(make)
        found[f"{name}, by difficulty"] = left_out(make, how=difficulty)
        found[f"{name}, by score"] = left_out(make, by_score_interval)
    return {name: measure_coverage(target, interval, study.subjects) for name, interval in found.items()}


def _unconditional(target: NDArray[np.float64], outer: NDArray[np.intp], highest: float) -> Interval:
    low, high = np.empty(target.size), np.empty(target.size)
    for fold in range(FOLDS):
        out = outer == fold
        plain = unconditional_interval(target[~out], int(out.sum()), lowest=0.0, highest=highest)
        low[out], high[out] = plain.low, plain.high
    return Interval(low, high)


def coverage_table(covered: Covered) -> str:
    """Give coverage of all and of thirds by score, and mean width."""
    parts = ("all", *TERTILES)
    rows = [
        [name, *(show(each[part].share) for part in parts), f"{each['all'].mean_width:.1f}"]
        for name, each in covered.items()
    ]
    return markdown(["90 % interval", *parts, "mean width"], rows)


def as_lists(covered: Covered) -> dict[str, dict[str, list[float]]]:
    """Give patients, share with its interval, mean and median width, for a file."""
    return {
        name: {part: _list(coverage) for part, coverage in each.items()} for name, each in covered.items()
    }


def _list(coverage: Coverage) -> list[float]:
    share = coverage.share
    return [coverage.patients, share.value, share.low, share.high, coverage.mean_width, coverage.median_width]
