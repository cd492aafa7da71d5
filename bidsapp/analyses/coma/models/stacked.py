"""Several models, each weighted by what it told of patients it had not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix, below, prefixed
from bidsapp.analyses.coma.models.protocol import Model
from bidsapp.analyses.coma.models.targets import Target, inner_folds
from bidsapp.analyses.coma.patient import Patient, subjects_of

_HEAVY = 1e4


class Stacked:
    """A weighted mean of models (stacked generalisation, Wolpert 1992; Breiman 1996).

    Weights are at least 0 and sum to 1, with the least squared error of the predictions left out in inner
    folds. With the median among the members, models that tell nothing get no weight. Each member treats
    missing parts in its own way.

    Parameters
    ----------
    name, title
        See :class:`~bidsapp.analyses.coma.models.protocol.Model`.
    members
        Make each model anew.
    """

    _models: tuple[Model, ...]
    _weights: Matrix

    def __init__(self, name: str, title: str, members: Sequence[Callable[[], Model]]) -> None:
        self.name, self.title = name, title
        self._members = tuple(members)

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each member, by name."""
        return {model.name: float(w) for model, w in zip(self._models, self._weights, strict=True)}

    def fit(self, patients: Sequence[Patient], target: Target) -> Self:
        """Learn the weights from inner folds, then each model from all patients given."""
        left_out = np.zeros((target.size, len(self._members)))
        for train, test in inner_folds(target, subjects_of(patients)):
            known, unknown = [patients[i] for i in train], [patients[i] for i in test]
            for place, member in enumerate(self._members):
                left_out[test, place] = member().fit(known, target[train]).predict(unknown)
        self._weights = convex_weights(left_out, target)
        self._models = tuple(member().fit(patients, target) for member in self._members)
        return self

    def predict(self, patients: Sequence[Patient]) -> Target:
        """Give the weighted mean of the models."""
        said = np.array([model.predict(patients) for model in self._models])
        return np.asarray((said * self._weights[:, None]).sum(axis=0), dtype=np.float64)

    def arrays(self) -> Arrays:
        """Give the weights and all that the models learned."""
        models = (prefixed(str(place), model.arrays()) for place, model in enumerate(self._models))
        return {"weights": self._weights, **{k: v for arrays in models for k, v in arrays.items()}}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._weights = arrays["weights"].astype(np.float64)
        members = enumerate(self._members)
        self._models = tuple(member().restore(below(str(place), arrays)) for place, member in members)
        return self


def convex_weights(columns: Matrix, target: Target) -> Matrix:
    """Give w >= 0 with sum 1 that makes ``columns @ w`` nearest to ``target`` (least squares)."""
    from scipy.optimize import nnls

    heavy = _HEAVY * max(1.0, float(np.abs(columns).max()))
    rows = np.vstack([columns, np.full((1, columns.shape[1]), heavy)])
    weights = nnls(rows, np.append(target, heavy))[0]
    return np.asarray(weights / weights.sum(), dtype=np.float64)
