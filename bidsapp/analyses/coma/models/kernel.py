"""Kernel ridge and kernel logistic regression: smooth, but not linear, in the features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix, below, prefixed
from bidsapp.analyses.coma.models.head import Head, fit_head
from bidsapp.analyses.coma.models.tabular import Tabular
from bidsapp.analyses.coma.models.targets import Target
from bidsapp.analyses.coma.patient import Patient, subjects_of

GAMMAS = (0.05, 0.2, 0.5, 2.0)
_SMALLEST = 1e-10


@dataclass(frozen=True, eq=False)
class GaussianKernel:
    """exp(-gamma d^2) to the training patients, centred in feature space.

    Attributes
    ----------
    points
        Table of the training patients, shape (patients, columns).
    means
        Mean kernel of each training patient to all of them, shape (patients,).
    """

    points: Matrix
    gamma: float
    means: Matrix

    @classmethod
    def of(cls, points: Matrix, gamma: float) -> Self:
        """Build it from the training patients."""
        return cls(points, gamma, _gaussian(points, points, gamma).mean(axis=0))

    def __call__(self, columns: Matrix) -> Matrix:
        """Give the centred kernel of patients to training patients, shape (patients, training patients)."""
        found = _gaussian(columns, self.points, self.gamma)
        own = found.mean(axis=1, keepdims=True)
        return np.asarray(found - self.means - own + self.means.mean(), dtype=np.float64)


class Kernel(Tabular):
    """Penalised regression with a Gaussian kernel.

    The kernel's coordinates of the training patients (its eigenvectors) go into the same penalised head as
    the linear models', which makes it kernel ridge regression for a score and kernel logistic regression for
    an outcome. The width is the one with the better inner loss. What is stored holds the features of the
    training patients: no bundle of it should leave a house that may not share them.
    """

    _kernel: GaussianKernel
    _head: Head

    def fit(self, patients: Sequence[Patient], target: Target) -> Self:
        """Learn scales, width, penalty and the weight of each training patient."""
        points = self._table.fit(patients).values(patients)
        subjects = subjects_of(patients)
        fits = [_fit(GaussianKernel.of(points, gamma), target, subjects) for gamma in GAMMAS]
        self._kernel, self._head = min(fits, key=lambda pair: pair[1].loss)
        return self

    def predict(self, patients: Sequence[Patient]) -> Target:
        """Give the expected score, or the probability of the outcome."""
        return self._head.predict(self._kernel(self._table.values(patients)))

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        kernel = {
            "points": self._kernel.points,
            "gamma": np.array([self._kernel.gamma]),
            "means": self._kernel.means,
        }
        learned = {"table": self._table.arrays(), "kernel": kernel, "head": self._head.arrays()}
        return {k: v for prefix, arrays in learned.items() for k, v in prefixed(prefix, arrays).items()}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._table.restore(below("table", arrays))
        self._head = Head.restore(below("head", arrays))
        kernel = below("kernel", arrays)
        points, means = kernel["points"].astype(np.float64), kernel["means"].astype(np.float64)
        self._kernel = GaussianKernel(points, float(kernel["gamma"][0]), means)
        return self


def _fit(kernel: GaussianKernel, target: Target, subjects: Sequence[str]) -> tuple[GaussianKernel, Head]:
    """Fit a head on the eigenvectors of K = Q L Q', and give its weights of the training patients."""
    values, vectors = np.linalg.eigh(kernel(kernel.points))
    large = values > _SMALLEST * max(values[-1], 1)
    back = vectors[:, large] / np.sqrt(values[large])
    head = fit_head(vectors[:, large] * np.sqrt(values[large]), target, subjects)
    return kernel, Head(back @ head.weights, head.intercept, head.outcome, head.loss)


def _gaussian(first: Matrix, second: Matrix, gamma: float) -> Matrix:
    from scipy.spatial.distance import cdist

    return np.asarray(np.exp(-gamma * cdist(first, second, "sqeuclidean")), dtype=np.float64)
