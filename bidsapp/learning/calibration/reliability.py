"""Scores of calibration with intervals over patients: calibration error, Brier, reliability curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from bidsapp.learning.calibration.counts import Array, LogitCounts
from bidsapp.learning.calibration.scaling import Scaling
from bidsapp.learning.discrimination import Estimate

BINS = 15
SCORES = ("ece", "brier", "likelihood")
CURVES = ("edges", "voxels", "confidence", "frequency", "low", "high")


@dataclass(frozen=True, eq=False)
class Reliability:
    """Calibration of a cohort; each patient weighs the same, intervals are over patients (95 %).

    Attributes
    ----------
    ece
        Expected calibration error in bins of equal width (Guo et al. 2017), of the probability of a lesion.
        It cannot be below 0, so draws of few patients lie above the sample more often than below.
    brier
        Mean squared difference between probability and truth.
    likelihood
        Mean negative log-likelihood, in nats for each voxel.
    edges
        Of the bins of probability, shape ``(bins + 1,)``.
    voxels
        Number of voxels in each bin, all patients together.
    confidence, frequency
        Mean probability and share of lesion voxels in each bin; NaN where it is empty.
    low, high
        Interval of the frequency.
    """

    ece: Estimate
    brier: Estimate
    likelihood: Estimate
    edges: Array
    voxels: Array
    confidence: Array
    frequency: Array
    low: Array
    high: Array

    def plain(self) -> dict[str, object]:
        """Give the numbers as JSON holds them; an empty bin has ``None``."""
        scores = {name: asdict(getattr(self, name)) for name in SCORES}
        curves = {name: _listed(getattr(self, name)) for name in CURVES}
        return {**scores, **curves}

    @classmethod
    def from_plain(cls, numbers: Mapping[str, object]) -> Reliability:
        """Take up what :meth:`plain` gave.

        Raises
        ------
        ValueError
            Something is missing, or no number.
        """
        try:
            scores = {name: Estimate(**numbers[name]) for name in SCORES}  # type: ignore[arg-type]
            curves = {name: np.array(numbers[name], dtype=np.float64) for name in CURVES}
        except (KeyError, TypeError) as error:
            raise ValueError(f"these are no numbers of a reliability curve: {error}") from error
        if len({*(len(curves[name]) for name in CURVES[1:]), len(curves["edges"]) - 1}) != 1:
            raise ValueError("the bins of a reliability curve differ in number")
        return cls(
            scores["ece"],
            scores["brier"],
            scores["likelihood"],
            curves["edges"],
            curves["voxels"],
            curves["confidence"],
            curves["frequency"],
            curves["low"],
            curves["high"],
        )


def measure_reliability(
    patients: Sequence[LogitCounts],
    scalings: Sequence[Scaling] | None = None,
    *,
    bins: int = BINS,
    resamples: int = 1000,
    seed: int = 0,
) -> Reliability:
    """Measure the calibration of a network on patients that it was not trained on.

    Parameters
    ----------
    patients
        One or more.
    scalings
        One for each patient, fitted on others; without them logits are taken as they are.
    bins
        Of equal width.
    resamples, seed
        Number of draws of patients with replacement, and what they start from.

    Raises
    ------
    ValueError
        There is no patient.
    """
    if not patients:
        raise ValueError("Calibration is measured on one patient or more")
    kept = [Scaling()] * len(patients) if scalings is None else scalings
    parts = np.array([_shares(each, scale, bins) for each, scale in zip(patients, kept, strict=True)])
    scores = np.array([_scores(each, scale) for each, scale in zip(patients, kept, strict=True)])
    count = len(patients)
    rng = np.random.default_rng(seed)
    draws = np.vstack([np.arange(count), rng.integers(0, count, (resamples, count))])
    weights = np.array([np.bincount(draw, minlength=count) for draw in draws]) / count
    share, sure, true = np.moveaxis(np.einsum("dp,pkb->dkb", weights, parts), 1, 0)
    frequency = _divide(true, share)
    low, high = _interval(frequency)
    return Reliability(
        ece=_estimate(np.abs(true - sure).sum(axis=1)),
        brier=_estimate(weights @ scores[:, 0]),
        likelihood=_estimate(weights @ scores[:, 1]),
        edges=np.linspace(0, 1, bins + 1),
        voxels=np.round(parts[:, 0].T @ [each.total for each in patients]),
        confidence=_divide(sure[0], share[0]),
        frequency=frequency[0],
        low=low,
        high=high,
    )


def _shares(patient: LogitCounts, scaling: Scaling, bins: int) -> Array:
    """Give each bin's share of the voxels, its sum of probabilities and its share of lesion voxels."""
    probability = scaling.probability(patient.logit)
    place = np.minimum(probability * bins, bins - 1).astype(np.intp)
    voxels = patient.negative + patient.positive
    sums = [voxels, voxels * probability, patient.positive]
    return np.array([np.bincount(place, weights=each, minlength=bins) for each in sums]) / patient.total


def _scores(patient: LogitCounts, scaling: Scaling) -> tuple[float, float]:
    """Give Brier score and negative log-likelihood of a voxel."""
    logit, probability = scaling.logit(patient.logit), scaling.probability(patient.logit)
    brier = patient.negative @ probability**2 + patient.positive @ (1 - probability) ** 2
    likelihood = patient.negative @ np.logaddexp(0, logit) + patient.positive @ np.logaddexp(0, -logit)
    return float(brier) / patient.total, float(likelihood) / patient.total


def _divide(above: Array, below: Array) -> Array:
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


def _interval(drawn: Array) -> tuple[Array, Array]:
    """Give the middle 95 % of each column's draws; NaN where there is none."""
    filled = ~np.isnan(drawn[0])  # the sample itself: what it lacks, no draw has
    low, high = np.full((2, drawn.shape[1]), np.nan)
    low[filled], high[filled] = np.nanquantile(drawn[:, filled], [0.025, 0.975], axis=0)
    return low, high


def _estimate(drawn: Array) -> Estimate:
    low, high = np.quantile(drawn[1:], [0.025, 0.975])
    return Estimate(float(drawn[0]), float(low), float(high))


def _listed(values: Array) -> list[float | None]:
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values.tolist()]
