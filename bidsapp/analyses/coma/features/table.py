"""Sets of features side by side, without gaps and on one scale, as the linear and kernel models want them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import (
    Arrays,
    Features,
    Matrix,
    below,
    pack_names,
    prefixed,
    unpack_names,
)
from bidsapp.analyses.coma.patient import Patient


class Table:
    """Features of the training patients with mean 0; each set has total variance 1, whatever its width.

    A gap takes the mean of the training patients. Where a group of columns is missing in some training
    patients and not in others, a column says so (1 missing, 0 there). Columns that are the same in all
    training patients are 0.

    Parameters
    ----------
    features
        Sets of features, see :class:`~bidsapp.analyses.coma.features.protocol.Features`.
    gaps
        Whether there are columns that tell gaps.
    """

    def __init__(self, features: Sequence[Features], *, gaps: bool = True) -> None:
        self._blocks = [Block(each, gaps=gaps) for each in features]

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each column; ``missing group`` for those that tell gaps."""
        return tuple(name for block in self._blocks for name in block.names)

    def fit(self, patients: Sequence[Patient]) -> Self:
        """Learn columns, means and scales."""
        for block in self._blocks:
            block.fit(patients)
        return self

    def values(self, patients: Sequence[Patient]) -> Matrix:
        """Give the table, shape (patients, columns), without gaps."""
        return np.concatenate([block.values(patients) for block in self._blocks], axis=1)

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        return {
            name: array
            for place, block in enumerate(self._blocks)
            for name, array in prefixed(str(place), block.arrays()).items()
        }

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` of a table of the same features gave."""
        for place, block in enumerate(self._blocks):
            block.restore(below(str(place), arrays))
        return self


@dataclass(eq=False)
class Block:
    """One set of features with its means, its scales, and the groups whose gaps have a column, if any may."""

    features: Features
    telling: tuple[str, ...] = ()
    gaps: bool = True

    def __post_init__(self) -> None:
        self.mean: Matrix = np.zeros(0)
        self.factor: Matrix = np.zeros(0)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, then ``missing group``."""
        return self.features.names + tuple(f"missing {group}" for group in self.telling)

    def fit(self, patients: Sequence[Patient]) -> None:
        """Learn from training patients."""
        found = self.features.fit(patients).values(patients)
        groups = dict.fromkeys(self.features.groups if self.gaps else ())
        shares = {group: self._gap(found, group).mean() for group in groups}
        self.telling = tuple(group for group, share in shares.items() if 0 < share < 1)
        full = self._with_gaps(found)
        there = ~np.isnan(full)
        count = np.maximum(there.sum(axis=0), 1)
        self.mean = np.where(there, full, 0).sum(axis=0) / count
        spread = np.where(there, full - self.mean, 0).std(axis=0)
        varies = spread > 1e-9 * np.maximum(1, np.abs(self.mean))
        self.factor = np.divide(1, spread, out=np.zeros_like(spread), where=varies)
        self.factor /= np.sqrt(max(1, int(varies.sum())))

    def values(self, patients: Sequence[Patient]) -> Matrix:
        """Give the scaled columns without gaps."""
        full = self._with_gaps(self.features.values(patients))
        return np.asarray(np.where(np.isnan(full), 0, full - self.mean) * self.factor, dtype=np.float64)

    def _gap(self, found: Matrix, group: str) -> Matrix:
        columns = np.array(self.features.groups) == group
        return np.asarray(np.isnan(found[:, columns]).all(axis=1, keepdims=True), dtype=np.float64)

    def _with_gaps(self, found: Matrix) -> Matrix:
        return np.concatenate([found, *(self._gap(found, group) for group in self.telling)], axis=1)

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        own: Arrays = {"mean": self.mean, "factor": self.factor, "telling": pack_names(self.telling)}
        return {**own, **prefixed("features", self.features.arrays())}

    def restore(self, arrays: Arrays) -> None:
        """Take what :meth:`arrays` gave."""
        self.features.restore(below("features", arrays))
        self.mean, self.factor = arrays["mean"].astype(np.float64), arrays["factor"].astype(np.float64)
        self.telling = unpack_names(arrays["telling"])
