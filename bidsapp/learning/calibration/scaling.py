"""Scaling of logits after training: temperature (Guo et al. 2017), and with a bias (Platt 1999)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bidsapp.learning.calibration.counts import Array, LogitCounts

Method = Literal["temperature", "platt"]
_STEEPEST = 3.0  # temperatures between exp(-3) and exp(3); lesions told without error would ask for 0
_FARTHEST_BIAS = 16.0


@dataclass(frozen=True)
class Scaling:
    """Calibrated logit: ``logit / temperature + bias``; the default changes nothing."""

    temperature: float = 1.0
    bias: float = 0.0

    def logit(self, logits: NDArray[np.floating]) -> Array:
        """Scale logits of any shape."""
        return np.asarray(logits / self.temperature + self.bias, dtype=np.float64)

    def probability(self, logits: NDArray[np.floating]) -> Array:
        """Give calibrated probabilities."""
        from scipy.special import expit

        return np.asarray(expit(self.logit(logits)), dtype=np.float64)


def fit_scaling(patients: Sequence[LogitCounts], method: Method = "temperature") -> Scaling:
    """Find the scaling with the least negative log-likelihood; each patient weighs the same.

    Parameters
    ----------
    patients
        Scans that the network was not trained on.
    method
        Without or with a bias. A temperature keeps the mask at probability one half as it is; a bias also
        corrects for lesions that were more frequent in training patches than they are in brains.

    Raises
    ------
    ValueError
        All voxels are of one kind.
    """
    from scipy.optimize import minimize

    if not patients or not all(sum(kind) for kind in _voxels(patients)):
        raise ValueError("Scaling needs voxels inside and outside of lesions")
    logit = np.concatenate([each.logit for each in patients])
    negative = np.concatenate([each.negative / each.total for each in patients]) / len(patients)
    positive = np.concatenate([each.positive / each.total for each in patients]) / len(patients)

    def loss(parameters: Array) -> tuple[float, Array]:
        slope, bias = np.exp(parameters[0]), parameters[1]
        scaled = slope * logit + bias
        likelihood = negative @ np.logaddexp(0, scaled) + positive @ np.logaddexp(0, -scaled)
        residual = (negative + positive) / (1 + np.exp(-scaled)) - positive
        return float(likelihood), np.array([slope * (residual @ logit), residual.sum()])

    reach = _FARTHEST_BIAS if method == "platt" else 0.0
    bounds = [(-_STEEPEST, _STEEPEST), (-reach, reach)]
    options = {"ftol": 1e-14, "gtol": 1e-10}
    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return Scaling(float(np.exp(-found.x[0])), float(found.x[1]))


def fit_left_out(patients: Mapping[str, LogitCounts], method: Method = "temperature") -> dict[str, Scaling]:
    """Fit, for each patient, a scaling on all the others; errors as in :func:`fit_scaling`."""
    return {
        name: fit_scaling([counts for other, counts in patients.items() if other != name], method)
        for name in patients
    }


def _voxels(patients: Sequence[LogitCounts]) -> tuple[list[float], list[float]]:
    return [each.negative.sum() for each in patients], [each.positive.sum() for each in patients]
