"""Sets of neighbouring categories that hold the true one with a stated chance: {MCS}, {UWS, MCS}, ..."""

from __future__ import annotations

import numpy as np

from bidsapp.learning.validation.estimator import Array, Flags, Places

_ROUNDING = 1e-9


def nonconformity(probabilities: Array) -> Array:
    """Give, for each category, the probability of the smallest grown set that holds it.

    The set starts with the likeliest category and grows to the likelier of its two neighbours (Lu et
    al. 2022, MICCAI, doi:10.1007/978-3-031-16452-1_52), so that it has no gap.

    Parameters
    ----------
    probabilities
        Shape ``(patients, categories)``, categories in order.

    Returns
    -------
    ndarray
        Same shape.

    >>> nonconformity(np.array([[0.2, 0.7, 0.1]])).round(1)
    array([[0.9, 0.7, 1. ]])
    """
    return np.array([_grow(row) for row in probabilities])


def calibrate_sets(probabilities: Array, category: Places, *, miss: float = 0.1) -> float:
    """Give the limit of nonconformity under which categories belong to the set.

    Parameters
    ----------
    probabilities
        Of patients by models that did not see them, shape ``(n, categories)``.
    category
        True categories, shape ``(n,)``.
    miss
        Share of patients whose true category may lie outside of the set.

    Returns
    -------
    float
        The ceil((1 - miss)(n + 1))-th smallest of the true categories' nonconformity; infinite (all
        categories) where n is too small. With left-out predictions of several folds the coverage is about
        1 - ``miss`` (cross-conformal, Vovk 2015, doi:10.1007/s10472-013-9368-4).
    """
    scores = np.sort(nonconformity(probabilities)[np.arange(category.size), category])
    place = int(np.floor(miss * (scores.size + 1) + _ROUNDING))
    return float(scores[-place]) if place >= 1 else np.inf


def category_sets(probabilities: Array, limit: float) -> Flags:
    """Tell which categories are in the set of each patient, shape ``(patients, categories)``.

    A set has no gap and always holds the likeliest category.
    """
    inside = nonconformity(probabilities) <= limit + _ROUNDING
    inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
    return np.asarray(inside, dtype=np.bool_)


def _grow(row: Array) -> Array:
    first = last = int(row.argmax())
    scores, mass = np.empty(row.size), float(row[first])
    scores[first] = mass
    while last - first + 1 < row.size:
        down = row[first - 1] if first > 0 else -np.inf
        up = row[last + 1] if last + 1 < row.size else -np.inf
        added = first - 1 if down >= up else last + 1
        first, last = min(first, added), max(last, added)
        mass += float(row[added])
        scores[added] = mass
    return scores
