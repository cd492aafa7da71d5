"""A penalised linear map from columns to a score, or to the probability of an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix
from bidsapp.analyses.coma.models.targets import Target, inner_folds, is_outcome

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

Places = NDArray[np.intp]

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


def fit_head(columns: Matrix, target: Target, subjects: Sequence[str]) -> Head:
    """Fit ridge regression or penalised logistic regression, the penalty chosen by inner cross-validation.

    Ridge takes the penalty that leaves one patient out best (generalised to a closed form), or five balanced
    folds of them where a patient has several rows; logistic regression takes the one with the best likelihood
    in such folds.

    Parameters
    ----------
    columns
        Shape (rows, columns), mean 0.
    target
        Shape (rows,); 0 and 1 make it an outcome.
    subjects
        Of each row.
    """
    learn = _logistic if is_outcome(target) else _ridge
    return learn(columns, target, subjects)


def _ridge(columns: Matrix, target: Target, subjects: Sequence[str]) -> Head:
    from sklearn.linear_model import Ridge, RidgeCV

    if len(set(subjects)) == len(subjects):
        fitted = RidgeCV(alphas=PENALTIES).fit(columns, target)
        loss = -float(fitted.best_score_)
    else:
        losses = np.mean([_ridge_losses(columns, target, *fold) for fold in inner_folds(target, subjects)], 0)
        fitted = Ridge(alpha=PENALTIES[int(losses.argmin())]).fit(columns, target)
        loss = float(losses.min())
    weights = np.asarray(fitted.coef_, dtype=np.float64)
    return Head(weights, float(fitted.intercept_), outcome=False, loss=loss)


def _ridge_losses(columns: Matrix, target: Target, train: Places, test: Places) -> Target:
    """Give the mean squared error of left-out rows for each penalty, from one decomposition for all."""
    centre, level = columns[train].mean(axis=0), target[train].mean()
    left, scales, right = np.linalg.svd(columns[train] - centre, full_matrices=False)
    shrunk = scales / (scales**2 + PENALTIES[:, None]) * (left.T @ (target[train] - level))
    predicted = shrunk @ (right @ (columns[test] - centre).T) + level
    return np.asarray(((predicted - target[test]) ** 2).mean(axis=1), dtype=np.float64)


def _logistic(columns: Matrix, target: Target, subjects: Sequence[str]) -> Head:
    """Work on principal components where they are fewer: a penalty on length does not see the rotation."""
    turn = np.linalg.svd(columns, full_matrices=False)[2] if columns.shape[1] > columns.shape[0] else None
    seen = columns if turn is None else columns @ turn.T
    folds = list(inner_folds(target, subjects))
    losses = [
        np.mean([_left_out_loss(seen, target, strength, *fold) for fold in folds]) for strength in STRENGTHS
    ]
    fitted = _fitted(seen, target, STRENGTHS[int(np.argmin(losses))])
    weights = fitted.coef_[0] if turn is None else fitted.coef_[0] @ turn
    return Head(
        np.asarray(weights, dtype=np.float64),
        float(fitted.intercept_[0]),
        outcome=True,
        loss=float(min(losses)),
    )


def _left_out_loss(columns: Matrix, target: Target, strength: float, train: Places, test: Places) -> float:
    """Give the mean negative log-likelihood of a fold's patients.

    It is what ``GridSearchCV`` gives for ``neg_log_loss``, without the checks that take it most of the time.
    """
    line = _fitted(columns[train], target[train], strength).decision_function(columns[test])
    return float(np.logaddexp(0, np.where(target[test] == 1, -line, line)).mean())


def _fitted(columns: Matrix, target: Target, strength: float) -> LogisticRegression:
    from sklearn import config_context
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=_STEPS, tol=1e-6)
    with config_context(assume_finite=True, skip_parameter_validation=True):
        return model.fit(columns, target.astype(int))
