"""Cheap models of patients that are rows of numbers in a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Median:
    """Knows the labels alone."""

    def fit(self, patients: Sequence[Array], target: Array) -> Self:
        self.value = float(np.median(target))
        return self

    def predict(self, patients: Sequence[Array]) -> Array:
        return np.full(len(patients), self.value)


class Ridge:
    """Closed form, with an intercept."""

    def fit(self, patients: Sequence[Array], target: Array) -> Self:
        table = np.stack(patients)
        self.centre, self.mean = table.mean(axis=0), target.mean()
        moved = table - self.centre
        self.weights = np.linalg.solve(
            moved.T @ moved + np.eye(moved.shape[1]), moved.T @ (target - self.mean)
        )
        return self

    def predict(self, patients: Sequence[Array]) -> Array:
        return np.asarray((np.stack(patients) - self.centre) @ self.weights + self.mean)


@pytest.fixture
def median() -> Callable[[], Median]:
    return Median


@pytest.fixture
def ridge() -> Callable[[], Ridge]:
    return Ridge


Cohort = tuple[list[Array], Array, list[str]]


@pytest.fixture
def cohort() -> Cohort:
    """Forty patients whose score follows the first of three numbers, with an R2 of about one half."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(40, 3))
    target = 2 * table[:, 0] + 2 * rng.normal(size=40)
    return list(table), target, [f"p{number:02d}" for number in range(40)]
