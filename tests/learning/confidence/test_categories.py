"""Probabilities of ordered categories."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from bidsapp.learning.confidence.categories import CategoryModel, fit_categories

TRUE = CategoryModel(0.6, np.array([4.0, 8.0]))


def _draw(rng, number, model=TRUE):
    score = rng.uniform(0, 20, number)
    edges = model.probabilities(score).cumsum(axis=1)
    return score, (rng.random((number, 1)) > edges[:, :-1]).sum(axis=1)


def test_recovers_slope_and_cuts() -> None:
    found = fit_categories(*_draw(np.random.default_rng(0), 4000), 3)
    assert found.slope == pytest.approx(0.6, rel=0.05)
    np.testing.assert_allclose(found.cuts, [4, 8], rtol=0.05)


def test_probabilities_are_those_of_cumulative_logits() -> None:
    found = TRUE.probabilities(np.array([10.0]))[0]
    np.testing.assert_allclose(found, [1 - expit(2), expit(2) - expit(-2), expit(-2)])


def test_a_score_that_tells_nothing_gives_the_shares() -> None:
    rng = np.random.default_rng(1)
    category = np.repeat([0, 1, 2], [20, 25, 5])
    found = fit_categories(np.full(50, 9.0), category, 3).probabilities(rng.uniform(0, 23, 4))
    np.testing.assert_allclose(found, np.tile(np.array([20.5, 25.5, 5.5]) / 51.5, (4, 1)), atol=2e-3)


def test_a_score_that_misleads_is_not_believed() -> None:
    score = np.linspace(0, 23, 50)
    assert fit_categories(score, (score < 10).astype(int), 2).slope == 0


def test_a_category_without_patients_stays_possible_but_rare() -> None:
    score, category = _draw(np.random.default_rng(2), 50)
    found = fit_categories(score, np.minimum(category, 1), 3).probabilities(np.array([18.0]))[0]
    assert 0 < found[2] < 0.15


def test_nears_the_truth_with_fifty_patients_better_than_shares() -> None:
    rng, ours, shares = np.random.default_rng(3), [], []
    new, truth = _draw(rng, 2000)
    for _ in range(10):
        score, category = _draw(rng, 50)
        model = fit_categories(score, category, 3)
        ours.append(-np.log(model.probabilities(new)[np.arange(2000), truth]).mean())
        share = (np.bincount(category, minlength=3) + 0.5) / 51.5
        shares.append(-np.log(share[truth]).mean())
    best = -np.log(TRUE.probabilities(new)[np.arange(2000), truth]).mean()
    assert max(ours) < min(shares)
    assert np.mean(ours) - best < 0.06


def test_refuses_a_category_out_of_range() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit_categories(np.arange(3.0), np.array([0, 1, 2]), 2)
