"""A penalised linear map from columns to a score, or to the probability of an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import expit

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix
from bidsapp.analyses.coma.models.targets import Target, inner_folds, is_outcome

PENALTIES = np.logspace(-2, 4, 25)
STRENGTHS = np.logspace(-2, 2, 7)
_STEPS = 1000


@dataclass(frozen=True, eq=False)
class Head:
    """Weights of columns of mean 0.

    Attributes
    ----------
    weights
        Shape (columns,).
    intercept
        Score, or log-odds of the outcome, where all columns are 0.
    outcome
        Whether it gives probabilities.
    loss
        Inner cross-validation of the penalty: mean squared error of the score, or mean negative
        log-likelihood of the outcome. It is that of the best penalty, so it flatters.
    """

    weights: Matrix
    intercept: float
    outcome: bool
    loss: float = float("nan")

    def predict(self, columns: Matrix) -> Target:
        """Give scores or probabilities, shape (patients,)."""
        line = (columns * self.weights).sum(axis=1) + self.intercept
        return np.asarray(expit(line) if self.outcome else line, dtype=np.float64)

    def arrays(self) -> Arrays:
        """Give all but the loss."""
        return {
            "weights": self.weights,
            "intercept": np.array([self.intercept]),
            "outcome": np.array([self.outcome], dtype=np.uint8),
        }

    @classmethod
    def restore(cls, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        weights = arrays["weights"].astype(np.float64)
        return cls(weights, float(arrays["intercept"][0]), bool(arrays["outcome"][0]))


def fit_head(columns: Matrix, target: Target) -> Head:
    """Fit ridge regression or penalised logistic regression, the penalty chosen by inner cross-validation.

    Ridge takes the penalty that leaves one patient out best (generalised to a closed form); logistic
    regression takes the one with the best likelihood in five balanced folds.

    Parameters
    ----------
    columns
        Shape (patients, columns), mean 0.
    target
        Shape (patients,); 0 and 1 make it an outcome.
    """
    return _logistic(columns, target) if is_outcome(target) else _ridge(columns, target)


def _ridge(columns: Matrix, target: Target) -> Head:
    from sklearn.linear_model import RidgeCV

    fitted = RidgeCV(alphas=PENALTIES).fit(columns, target)
    weights = np.asarray(fitted.coef_, dtype=np.float64)
    return Head(weights, float(fitted.intercept_), outcome=False, loss=-float(fitted.best_score_))


def _logistic(columns: Matrix, target: Target) -> Head:
    """Work on principal components where they are fewer: a penalty on length does not see the rotation."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    turn = np.linalg.svd(columns, full_matrices=False)[2] if columns.shape[1] > columns.shape[0] else None
    seen = columns if turn is None else columns @ turn.T
    search = GridSearchCV(
        LogisticRegression(solver="newton-cholesky", max_iter=_STEPS, tol=1e-6),
        {"C": STRENGTHS},
        scoring="neg_log_loss",
        cv=list(inner_folds(target)),
    ).fit(seen, target.astype(int))
    fitted = search.best_estimator_
    weights = fitted.coef_[0] if turn is None else fitted.coef_[0] @ turn
    return Head(
        np.asarray(weights, dtype=np.float64),
        float(fitted.intercept_[0]),
        outcome=True,
        loss=-float(search.best_score_),
    )
