"""Intervals of a measure over patients: each draw takes patients with all their rows and repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bidsapp.learning.discrimination import Estimate
from bidsapp.learning.validation.estimator import Array, Places
from bidsapp.learning.validation.measures import Measure
from bidsapp.learning.validation.splits import codes_of

_ENDS = (0.025, 0.975)


def intervals(
    measures: Mapping[str, Measure],
    truth: Array,
    predicted: Array,
    groups: Sequence[str],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Give measures of left-out predictions with 95 % percentile intervals over patients.

    Parameters
    ----------
    measures
        By name.
    truth
        Shape ``(rows,)``.
    predicted
        Shape ``(rows,)`` or ``(repeats, rows)``: the measure is averaged over repeats, predictions are not.
    groups
        Patient of each row.
    resamples, seed
        Number of draws, and what they start from. Draws in which a measure is NaN do not count for it.
    """
    draws = draw_patients(groups, resamples, seed)
    return {name: _estimate(_values(measure, truth, predicted, draws)) for name, measure in measures.items()}


def paired_differences(
    measures: Mapping[str, Measure],
    truth: Array,
    first: Array,
    second: Array,
    groups: Sequence[str],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Give measures of the first model less those of the second, on the same draws of patients.

    Parameters are those of :func:`intervals`, for two models.
    """
    draws = draw_patients(groups, resamples, seed)
    return {
        name: _estimate(_values(measure, truth, first, draws) - _values(measure, truth, second, draws))
        for name, measure in measures.items()
    }


def draw_patients(groups: Sequence[str], resamples: int, seed: int) -> list[Places]:
    """Give the rows of each draw of patients with replacement; the first is the sample itself."""
    codes = codes_of(groups)
    rows = [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]
    drawn = np.random.default_rng(seed).integers(0, len(rows), (resamples, len(rows)))
    return [np.arange(codes.size), *(np.concatenate([rows[code] for code in draw]) for draw in drawn)]


def _values(measure: Measure, truth: Array, predicted: Array, draws: Sequence[Places]) -> Array:
    return np.array([measure(truth[draw], predicted[..., draw]).mean() for draw in draws])


def _estimate(values: Array) -> Estimate:
    usable = values[1:][~np.isnan(values[1:])]
    low, high = np.quantile(usable, _ENDS) if usable.size else (np.nan, np.nan)
    return Estimate(float(values[0]), float(low), float(high))
