"""Conformal sets of neighbouring categories."""

from __future__ import annotations

import numpy as np

from bidsapp.learning.confidence.ordinal_sets import calibrate_sets, category_sets, nonconformity


def test_grows_from_the_likeliest_to_its_likelier_neighbour() -> None:
    found = nonconformity(np.array([[0.1, 0.2, 0.4, 0.3], [0.5, 0.1, 0.4, 0.0]]))
    np.testing.assert_allclose(found, [[1.0, 0.9, 0.4, 0.7], [0.5, 0.6, 1.0, 1.0]])


def test_limit_is_the_conformal_quantile() -> None:
    probabilities = np.linspace(0.5, 0.95, 19)[:, None] * [1, 0] + np.linspace(0.5, 0.05, 19)[:, None] * [
        0,
        1,
    ]
    limit = calibrate_sets(probabilities, np.zeros(19, dtype=int), miss=0.1)
    assert limit == np.sort(probabilities[:, 0])[17]  # ceil(0.9 * 20) = 18th
    assert calibrate_sets(probabilities[:8], np.zeros(8, dtype=int), miss=0.1) == np.inf


def test_sets_have_no_gap_and_hold_the_likeliest() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), 200)
    for limit in (0.0, 0.5, 0.8, 1.0):
        sets = category_sets(probabilities, limit)
        starts = (np.diff(np.pad(sets.astype(int), ((0, 0), (1, 1))), axis=1) == 1).sum(axis=1)
        np.testing.assert_array_equal(starts, 1)
        assert sets[np.arange(200), probabilities.argmax(axis=1)].all()
    assert category_sets(probabilities, np.inf).all()


def test_holds_the_truth_as_often_as_asked() -> None:
    rng, held, size = np.random.default_rng(1), [], []
    for _ in range(150):
        probabilities = rng.dirichlet([1.0, 2.0, 0.7], 60)
        category = (rng.random((60, 1)) > probabilities.cumsum(axis=1)[:, :-1]).sum(axis=1)
        limit = calibrate_sets(probabilities[:50], category[:50], miss=0.1)
        sets = category_sets(probabilities[50:], limit)
        held.append(sets[np.arange(10), category[50:]].mean())
        size.append(sets.sum(axis=1).mean())
    assert 0.88 <= np.mean(held) <= 0.95
    assert np.mean(size) < 2.7
