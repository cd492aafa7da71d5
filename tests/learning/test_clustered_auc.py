"""Area under the ROC curve of many items per person."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bidsapp.learning.clustered_auc import clustered_auc
from bidsapp.learning.discrimination import discriminate

Counts = NDArray[np.float64]


def _people(seed: int, levels: int = 12) -> tuple[Counts, Counts]:
    rng = np.random.default_rng(seed)
    rising = np.linspace(0.2, 2, levels)
    return rng.poisson(rising, (9, levels)).astype(float), rng.poisson(rising[::-1], (9, levels)).astype(
        float
    )


def test_is_the_area_of_all_items_pooled() -> None:
    from sklearn.metrics import roc_auc_score

    positive, negative = _people(0)
    levels = np.arange(positive.shape[1])
    counts = np.concatenate([positive.sum(axis=0), negative.sum(axis=0)])
    truth = np.repeat([1, 0], levels.size)
    expected = roc_auc_score(truth, np.tile(levels, 2), sample_weight=counts)
    assert clustered_auc(positive, negative, resamples=10, seed=0).value == pytest.approx(expected)


def test_more_items_of_the_same_persons_do_not_narrow_the_interval() -> None:
    positive, negative = _people(1)
    once = clustered_auc(positive, negative, resamples=200, seed=3)
    assert clustered_auc(positive * 50, negative * 50, resamples=200, seed=3) == once


def test_its_interval_is_that_of_persons_with_one_item_each() -> None:
    values = np.random.default_rng(2).normal(size=60)
    values[:30] += 0.8
    codes = np.argsort(np.argsort(values))
    one = np.zeros((60, 60))
    one[np.arange(60), codes] = 1
    ill = np.arange(60)[:, None] < 30
    ours = clustered_auc(one * ill, one * ~ill, resamples=2000, seed=0)
    theirs = discriminate(values[:30], values[30:], quantile=0.9, resamples=2000, seed=0).auc
    assert ours.value == pytest.approx(theirs.value)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.03)


def test_refuses_items_of_one_kind() -> None:
    with pytest.raises(ValueError, match="both kinds"):
        clustered_auc(np.ones((2, 3)), np.zeros((2, 3)), resamples=5, seed=0)
