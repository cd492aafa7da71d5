"""Gradient boosting of small trees: steps and interactions that a line cannot have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import expit, logit

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix, below, prefixed
from bidsapp.analyses.coma.models.tabular import Tabular
from bidsapp.analyses.coma.models.targets import Target, inner_folds, is_outcome
from bidsapp.analyses.coma.models.trees import Forest
from bidsapp.analyses.coma.patient import Patient, subjects_of

if TYPE_CHECKING:
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

MOST_TREES, RATE = 120, 0.05
_SETTINGS: dict[str, Any] = {
    "learning_rate": RATE,
    "max_depth": 2,
    "min_samples_leaf": 5,
    "max_features": "sqrt",
    "random_state": 0,
}


class Boosting(Tabular):
    """Boosted trees of two levels.

    The number of trees, from 1 to 120, is the one with the least inner loss in five balanced folds.
    """

    _forest: Forest
    _outcome: bool

    def fit(self, patients: Sequence[Patient], target: Target) -> Self:
        """Learn scales, the number of trees, and the trees."""
        columns = self._table.fit(patients).values(patients)
        self._outcome = is_outcome(target)
        folds = inner_folds(target, subjects_of(patients))
        losses = np.mean([_losses(columns, target, *fold) for fold in folds], axis=0)
        grown = _grower(self._outcome, int(np.argmin(losses)) + 1).fit(columns, target)
        start = float(logit(target.mean()) if self._outcome else target.mean())
        self._forest = Forest.of(grown.estimators_[:, 0], rate=RATE, start=start)
        return self

    def predict(self, patients: Sequence[Patient]) -> Target:
        """Give the expected score, or the probability of the outcome."""
        total = self._forest.predict(self._table.values(patients))
        return np.asarray(expit(total) if self._outcome else total, dtype=np.float64)

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        outcome = {"outcome": np.array([self._outcome], dtype=np.uint8)}
        learned = {**prefixed("table", self._table.arrays()), **prefixed("forest", self._forest.arrays())}
        return {**outcome, **learned}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._table.restore(below("table", arrays))
        self._forest = Forest.restore(below("forest", arrays))
        self._outcome = bool(arrays["outcome"][0])
        return self


def _losses(columns: Matrix, target: Target, train: Any, test: Any) -> Matrix:
    """Give the loss after each tree in the patients left out, shape (trees,)."""
    outcome = is_outcome(target)
    grown = _grower(outcome, MOST_TREES).fit(columns[train], target[train])
    truth = target[test]
    if not outcome:
        return np.array([np.mean((truth - said) ** 2) for said in grown.staged_predict(columns[test])])
    steps = (said[:, 1] for said in grown.staged_predict_proba(columns[test]))
    return np.array([-np.mean(np.log(np.where(truth == 1, said, 1 - said))) for said in steps])


def _grower(outcome: bool, trees: int) -> GradientBoostingClassifier | GradientBoostingRegressor:
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

    kind = GradientBoostingClassifier if outcome else GradientBoostingRegressor
    return kind(n_estimators=trees, **_SETTINGS)
