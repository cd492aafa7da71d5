"""Boosted trees as plain arrays: walked without the library that grew them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor

LEAF = -1


@dataclass(frozen=True, eq=False)
class Forest:
    """Regression trees, summed.

    Attributes
    ----------
    left, right
        Place of the children of each node, counted over all trees; -1 for a leaf.
    column
        Which column the node asks.
    threshold
        Goes left where the value, as float32, is at most this.
    value
        What the leaf adds, the learning rate included.
    roots
        Place of the root of each tree.
    start
        What is there before the first tree.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    column: NDArray[np.int64]
    threshold: Matrix
    value: Matrix
    roots: NDArray[np.int64]
    start: float

    @classmethod
    def of(cls, trees: Sequence[DecisionTreeRegressor], *, rate: float, start: float) -> Self:
        """Take the arrays of fitted trees of scikit-learn."""
        inner = [tree.tree_ for tree in trees]
        roots = np.concatenate([[0], np.cumsum([tree.node_count for tree in inner])]).astype(np.int64)
        pairs = list(zip(inner, roots[:-1], strict=True))

        def children(name: str) -> NDArray[np.int64]:
            found = [(getattr(tree, name), root) for tree, root in pairs]
            return np.concatenate([np.where(ids < 0, LEAF, ids + root) for ids, root in found])

        return cls(
            left=children("children_left"),
            right=children("children_right"),
            column=np.concatenate([tree.feature for tree in inner]).astype(np.int64),
            threshold=np.concatenate([tree.threshold for tree in inner]),
            value=rate * np.concatenate([tree.value[:, 0, 0] for tree in inner]),
            roots=roots[:-1],
            start=start,
        )

    def predict(self, columns: Matrix) -> Matrix:
        """Sum the trees, one after the other, shape (patients,)."""
        asked = columns.astype(np.float32)
        total = np.full(len(asked), self.start)
        for root in self.roots:
            total += self.value[self._leaves(asked, int(root))]
        return total

    def _leaves(self, asked: NDArray[np.float32], root: int) -> NDArray[np.int64]:
        nodes = np.full(len(asked), root)
        while (inner := np.flatnonzero(self.left[nodes] != LEAF)).size:
            at = nodes[inner]
            small = asked[inner, self.column[at]] <= self.threshold[at]
            nodes[inner] = np.where(small, self.left[at], self.right[at])
        return nodes

    def arrays(self) -> Arrays:
        """Give all arrays."""
        names = ("left", "right", "column", "threshold", "value", "roots")
        return {**{name: getattr(self, name) for name in names}, "start": np.array([self.start])}

    @classmethod
    def restore(cls, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        return cls(
            left=arrays["left"].astype(np.int64),
            right=arrays["right"].astype(np.int64),
            column=arrays["column"].astype(np.int64),
            threshold=arrays["threshold"].astype(np.float64),
            value=arrays["value"].astype(np.float64),
            roots=arrays["roots"].astype(np.int64),
            start=float(arrays["start"][0]),
        )
