"""From decision values to probabilities: where a value lies among those of controls, as a smooth function.

Two curves, fitted at every voxel to the left-out controls' values: a sigmoid (in the spirit of Platt 1999)
and a generalised extreme value distribution. El Azami, Lartizien and Canu (2017,
doi:10.1016/j.neucom.2017.01.103) calibrate support vector data description with curves of these names; theirs
are learned from several level sets, these from exact leave-one-out: the numbers are not theirs. Both are
fitted by moments of the ordered values (Hosking 1990, Journal of the Royal Statistical Society B 52:105).

On new healthy subjects (40 controls, 4 to 16 dimensions) the extreme value distribution is closer to uniform
than the sigmoid. A conformal p assumes nothing but has n + 1 steps; a curve goes on beyond the last control.

An extreme value distribution may be bounded above, and few controls place that bound badly: new healthy
people lie beyond it, all equally improbable. A bounded curve goes on with a Gumbel's tail from 95 % on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bidsapp.errors import BadDataError
from bidsapp.oneclass.regression import Array, Matrix

Form = Literal["sigmoid", "extreme value"]
FEWEST = 10
GUMBEL = 1e-6
EULER = 0.5772156649015329
TRUSTED = 0.95


@dataclass(frozen=True, eq=False)
class Calibration:
    """Distribution of minus the decision value in healthy people, at every voxel.

    Attributes
    ----------
    form
        The curve.
    location, scale, shape
        Shape ``(voxels,)``; ``shape`` as Hosking's k (positive: fitted as bounded above), 0 for a sigmoid.
    """

    form: Form
    location: Matrix
    scale: Matrix
    shape: Matrix

    def probability(self, decision: NDArray[np.floating]) -> Array:
        """Give the share of healthy people who lie further inside than the subject.

        Parameters
        ----------
        decision
            Of a new subject, shape ``(voxels,)``, positive inside.

        Returns
        -------
        NDArray
            Shape ``(voxels,)``, within 0-1; one minus it is a p-value.
        """
        return np.asarray(1 - self.survival(decision), dtype=np.float32)

    def survival(self, decision: NDArray[np.floating]) -> Matrix:
        """Give the share of healthy people who lie further outside; exact also when it is tiny."""
        reduced = (-decision.astype(np.float64) - self.location) / self.scale
        if self.form == "sigmoid":
            return np.asarray(expit(-reduced), dtype=np.float64)
        stretched = _as_gumbel(reduced, self.shape)
        return np.asarray(-np.expm1(-np.exp(np.clip(-stretched, -700, 700))), dtype=np.float64)


def fit_calibration(left_out: NDArray[np.floating], form: Form = "extreme value") -> Calibration:
    """Fit the curve to the controls' values, each by the machine of the others.

    Parameters
    ----------
    left_out
        Shape ``(controls, voxels)``.

    Raises
    ------
    BadDataError
        There are too few controls, or all have the same value at a voxel.
    """
    if left_out.shape[0] < FEWEST:
        raise BadDataError(
            f"A probability needs at least {FEWEST} controls, not {left_out.shape[0]}; add controls."
        )
    first, second, skew = l_moments(-left_out.astype(np.float64))
    if not (second > 0).all():
        raise BadDataError(
            "All controls have the same score at a voxel; leave constant voxels out of the analysis."
        )
    if form == "sigmoid":
        return Calibration(form, first, second, np.zeros_like(first))
    return Calibration(form, *_extreme_value(first, second, skew))


def l_moments(values: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Give the mean, the L-scale and the L-skewness over the first axis, without bias."""
    ordered = np.sort(values, axis=0)
    n = values.shape[0]
    rank = np.arange(n)
    zeroth = ordered.mean(axis=0)
    once = (rank / (n - 1)) @ ordered.reshape(n, -1) / n
    twice = (rank * (rank - 1) / ((n - 1) * (n - 2))) @ ordered.reshape(n, -1) / n
    scale = 2 * once.reshape(zeroth.shape) - zeroth
    third = 6 * twice.reshape(zeroth.shape) - 6 * once.reshape(zeroth.shape) + zeroth
    return zeroth, scale, third / np.where(scale > 0, scale, 1)


def _as_gumbel(reduced: Matrix, shape: Matrix) -> Matrix:
    """Give the Gumbel value of the same probability; a bounded curve is straight beyond `TRUSTED`."""
    bent = np.abs(shape) >= GUMBEL
    k = np.where(bent, shape, 1.0)
    knee = -np.log(-np.log(TRUSTED))
    from_knee = reduced - (1 - np.exp(-k * knee)) / k
    with np.errstate(divide="ignore"):
        curve = np.where(bent, -np.log(np.maximum(1 - k * reduced, 0)) / k, reduced)
    return np.where((shape >= GUMBEL) & (from_knee > 0), knee + from_knee * np.exp(k * knee), curve)


def _extreme_value(first: Matrix, second: Matrix, skew: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Solve for location, scale and k (approximation of Hosking, Wallis and Wood 1985, to 9e-4 in k)."""
    from scipy.special import gamma

    c = 2 / (3 + skew) - np.log(2) / np.log(3)
    k = 7.8590 * c + 2.9554 * c**2
    bent = np.abs(k) >= GUMBEL
    safe = np.where(bent, k, 1.0)
    factor = gamma(1 + safe)
    scale = np.where(bent, second * safe / ((1 - 2.0**-safe) * factor), second / np.log(2))
    location = first - scale * np.where(bent, (1 - factor) / safe, EULER)
    return location, scale, np.where(bent, k, 0.0)
