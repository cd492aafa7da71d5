"""Measures against scikit-learn and scipy."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.learning.validation import measures


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 24, 50).astype(float)
    return truth, np.clip(np.stack([truth, truth + 3]) + rng.normal(0, 4, (2, 50)), 0, 23)


def test_of_scores_agree_with_other_libraries(scores) -> None:
    from scipy.stats import spearmanr
    from sklearn.metrics import mean_absolute_error, r2_score

    truth, predicted = scores
    for ours, theirs in (
        (measures.mae, mean_absolute_error),
        (measures.r2, r2_score),
        (measures.spearman, lambda first, second: spearmanr(first, second).statistic),
    ):
        np.testing.assert_allclose(ours(truth, predicted), [theirs(truth, row) for row in predicted])


def test_kappa_agrees_with_the_table_of_all_points(scores) -> None:
    from sklearn.metrics import cohen_kappa_score

    truth, predicted = scores
    expected = [
        cohen_kappa_score(
            truth.astype(int), np.rint(row).astype(int), labels=np.arange(24), weights="quadratic"
        )
        for row in predicted
    ]
    np.testing.assert_allclose(measures.weighted_kappa(truth, predicted), expected)


def test_of_outcomes_agree_with_scikit_learn() -> None:
    from sklearn.metrics import brier_score_loss, roc_auc_score

    rng = np.random.default_rng(1)
    truth = np.repeat([0.0, 1.0], 20)
    predicted = np.round(rng.random((2, 40)), 1)  # with ties
    np.testing.assert_allclose(
        measures.auc(truth, predicted), [roc_auc_score(truth, row) for row in predicted]
    )
    expected = [brier_score_loss(truth, row) for row in predicted]
    np.testing.assert_allclose(measures.brier(truth, predicted), expected)


def test_what_is_not_defined_is_not_a_number() -> None:
    truth, same = np.arange(5.0), np.full(5, 2.0)
    assert np.isnan(measures.spearman(truth, same))
    assert np.isnan(measures.r2(same, truth))
    assert np.isnan(measures.weighted_kappa(same, same))
    assert np.isnan(measures.auc(np.ones(5), truth))
    assert measures.weighted_kappa(truth, same) == pytest.approx(0)
