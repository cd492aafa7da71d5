"""How well one number tells patients from controls, with intervals over people.

Every bootstrap draws patients and controls apart, person by person. The first draw is the sample itself, so
that an estimate and its interval come from the same lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.intp]

_COVERAGE = 0.95
_GRID = np.linspace(0, 1, 51)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval (percentiles of the bootstrap).

    Where the groups do not overlap at all, the interval of an AUC has no width: no draw can overlap either.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Discrimination:
    """What one measure tells of two groups.

    Attributes
    ----------
    auc
        Area under the ROC curve: the chance that a patient has more than a control, ties half.
    threshold
        Quantile of all controls; who exceeds it is called a patient.
    sensitivity, specificity
        Of that rule; each control is judged by the quantile of the others.
    gmean
        Geometric mean of the two (Munoz-Ramirez et al. 2021).
    """

    auc: Estimate
    threshold: float
    sensitivity: float
    specificity: float
    gmean: Estimate

    @property
    def effect(self) -> Estimate:
        """Rank-biserial correlation: 2 AUC - 1, from -1 (all patients lower) to 1 (Cureton 1956)."""
        return Estimate(*(2 * item - 1 for item in (self.auc.value, self.auc.low, self.auc.high)))


@dataclass(frozen=True)
class RocCurve:
    """The curve's corners, and the band of sensitivity at each false positive rate of a grid."""

    false_positive: Array
    sensitivity: Array
    grid: Array
    low: Array
    high: Array


def discriminate(
    patients: Array, controls: Array, *, quantile: float, resamples: int, seed: int
) -> Discrimination:
    """Measure how well a number tells patients from controls.

    Parameters
    ----------
    patients, controls
        One value for each person, without gaps; at least two controls.
    quantile
        Of the controls, from which on a person is called a patient; 0.98 in Munoz-Ramirez et al. 2021.
    resamples, seed
        Number of bootstrap draws, and what they start from.

    Raises
    ------
    ValueError
        There is no patient, or fewer than two controls.
    """
    controls = np.sort(controls)  # so that a draw holds the same people for every figure
    draws = _draw(patients.size, controls.size, resamples, seed)
    limits = np.quantile(controls[draws[1]], quantile, axis=1)
    sensitivity = (patients[draws[0]] > limits[:, None]).mean(axis=1)
    specificity = left_out_specificity(controls, draws[1], quantile)
    return Discrimination(
        auc=_estimate(_auc(*_tally(patients, controls, draws))),
        threshold=float(limits[0]),
        sensitivity=float(sensitivity[0]),
        specificity=float(specificity[0]),
        gmean=_estimate(np.sqrt(sensitivity * specificity)),
    )


def roc_curve(patients: Array, controls: Array, *, resamples: int, seed: int) -> RocCurve:
    """Give the ROC curve with a pointwise 95 % band; parameters as in :func:`discriminate`."""
    draws = _draw(patients.size, controls.size, resamples, seed)
    true, false = (
        np.pad(np.cumsum(counts[:, ::-1], axis=1), ((0, 0), (1, 0))) / counts[0].sum()
        for counts in _tally(patients, controls, draws)
    )
    heights = np.array([np.interp(_GRID, x, y) for x, y in zip(false[1:], true[1:], strict=True)])
    low, high = np.quantile(heights, _ends(), axis=0)
    return RocCurve(false[0], true[0], _GRID, low, high)


def left_out_specificity(controls: Array, draws: Places, quantile: float) -> Array:
    """Give the share of drawn controls that do not exceed the quantile of the other controls of the draw.

    All copies of a control are left out with it: no control sets its own threshold. Quantiles are
    interpolated linearly, as by ``numpy.quantile``.

    Parameters
    ----------
    controls
        Shape ``(people,)``.
    draws
        Which of the controls, in order of size, each draw holds, shape ``(draws, people)``.

    Returns
    -------
    ndarray
        Shape ``(draws,)``; NaN where a draw holds one control only.
    """
    ordered, number = np.sort(controls), controls.size
    held = np.sort(draws, axis=1)
    copies = _count(held, number)
    first = np.cumsum(copies, axis=1) - copies
    others = number - copies

    def kth(place: Places) -> Array:
        """Give the value at a place among the others: those of the same control are one run to jump over."""
        jumped = np.clip(place + np.where(place >= first, copies, 0), 0, number - 1)
        return np.asarray(ordered[np.take_along_axis(held, jumped, axis=1)], dtype=np.float64)

    place = quantile * np.maximum(others - 1, 0)
    below = np.floor(place).astype(np.intp)
    lower, upper = kth(below), kth(np.minimum(below + 1, np.maximum(others - 1, 0)))
    exceeding = copies * (ordered > lower + (place - below) * (upper - lower))
    alone = (copies == number).any(axis=1)
    return np.where(alone, np.nan, 1 - exceeding.sum(axis=1) / number)


def _draw(patients: int, controls: int, resamples: int, seed: int) -> tuple[Places, Places]:
    """Give which people each draw holds, of either group, shapes ``(1 + resamples, people)``."""
    if patients < 1 or controls < 2:
        raise ValueError(f"{patients} patients and {controls} controls cannot be told apart")
    rng = np.random.default_rng(seed)
    first, second = (
        np.vstack([np.arange(size), rng.integers(0, size, (resamples, size))])
        for size in (patients, controls)
    )
    return first, second


def _tally(patients: Array, controls: Array, draws: tuple[Places, Places]) -> tuple[Places, Places]:
    """Count, for each draw, how many of either group have each of the distinct values, in rising order."""
    levels, codes = np.unique(np.concatenate([patients, controls]), return_inverse=True)
    groups = codes[: patients.size], codes[patients.size :]
    first, second = (_count(group[draw], levels.size) for group, draw in zip(groups, draws, strict=True))
    return first, second


def _count(codes: Places, size: int) -> Places:
    """Count codes 0 to ``size`` - 1 in each row."""
    rows = codes.shape[0]
    flat = (codes + size * np.arange(rows)[:, None]).ravel()
    return np.bincount(flat, minlength=rows * size).reshape(rows, size)


def _auc(patients: Places, controls: Places) -> Array:
    pairs = patients[0].sum() * controls[0].sum()
    below = np.cumsum(controls, axis=1) - controls / 2
    return np.asarray((patients * below).sum(axis=1) / pairs, dtype=np.float64)


def _ends() -> tuple[float, float]:
    return (1 - _COVERAGE) / 2, (1 + _COVERAGE) / 2


def _estimate(drawn: Array) -> Estimate:
    low, high = np.nanquantile(drawn[1:], _ends())
    return Estimate(float(drawn[0]), float(low), float(high))
