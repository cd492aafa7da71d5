"""Whether an explanation points at the truth, and more so than its control does.

A map of an untrained network on images of injury already points at the injured regions, and these are often
those that matter. So the area under the curve of a map means nothing alone, and is always given beside that
of a control: the same map of a network that has learned nothing, of a model fitted to shuffled labels, or the
image's own deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
_ENDS = (0.025, 0.975)


def localisation_auc(relevance: Array, truth: Mask, *, inside: Mask | None = None) -> float:
    """Give the chance that a true place is ranked above another one, ties half.

    Parameters
    ----------
    relevance
        Any shape: a map, or one number for each region. Large means that it matters; where the sign says only
        in which direction, give the size.
    truth
        Of the same shape: the places that do matter.
    inside
        Places that count, for example the brain; all by default.

    Raises
    ------
    ValueError
        All places are true, or none, or the relevance of one is not a number.
    """
    from scipy.stats import rankdata

    chosen = np.ones(truth.shape, dtype=np.bool_) if inside is None else inside
    values, true = relevance[chosen], truth[chosen]
    positive, negative = int(true.sum()), int((~true).sum())
    if not positive or not negative or np.isnan(values).any():
        raise ValueError("Localisation needs true places, others, and a relevance that is a number for each.")
    ranks = rankdata(values)[true].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))


@dataclass(frozen=True)
class Localisation:
    """Areas under the curve of an explanation and of its control, over simulations or cohorts.

    Attributes
    ----------
    auc, control
        Means.
    difference, low, high
        Mean of the paired differences, and its 95 % interval (percentiles of a bootstrap of pairs).
    count
        Number of pairs.
    """

    auc: float
    control: float
    difference: float
    low: float
    high: float
    count: int

    @property
    def beats_control(self) -> bool:
        """Whether the whole interval of the difference is above 0; only then may the map be shown."""
        return self.low > 0


def compare_with_control(
    found: Sequence[float], control: Sequence[float], *, resamples: int = 2000, seed: int = 0
) -> Localisation:
    """Compare an explanation with its control, pair by pair.

    Parameters
    ----------
    found, control
        Areas under the curve, one of each for every simulation.
    resamples, seed
        Number of bootstrap draws of pairs, and what they start from.

    Raises
    ------
    ValueError
        There are fewer than five pairs, whose bootstrap would say nothing, or not one control for each.
    """
    if len(found) != len(control) or len(found) < 5:
        raise ValueError("An explanation is compared with its control over five pairs or more.")
    apart = np.subtract(found, control)
    draws = np.random.default_rng(seed).integers(0, apart.size, (resamples, apart.size))
    low, high = np.quantile(apart[draws].mean(axis=1), _ENDS)
    means = (float(np.mean(found)), float(np.mean(control)), float(apart.mean()))
    return Localisation(*means, low=float(low), high=float(high), count=apart.size)
