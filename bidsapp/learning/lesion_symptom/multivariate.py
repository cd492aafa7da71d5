"""Multivariate lesion-symptom mapping: one ridge regression on all places, and its pattern.

A single place may look guilty since it lies where vessels hurt it together with the place that matters
(Mah et al. 2014, doi:10.1093/brain/awu164). A regression on all places at once can tell them apart as far as
the data do; as in support vector regression (Zhang et al. 2014, doi:10.1002/hbm.22590), its map is judged by
permutation. Ridge is used for its closed form, by which all permutations are one product of matrices.
"""

from __future__ import annotations

import numpy as np

from bidsapp.learning.lesion_symptom.mass_univariate import FEWEST
from bidsapp.learning.lesion_symptom.places import (
    Array,
    LesionSymptomMap,
    family_wise_p,
    often_lesioned,
    over_all,
    without_covariates,
)

PENALTIES = np.logspace(-3, 3, 13)


def map_symptom_jointly(
    lesions: Array,
    score: Array,
    *,
    permutations: int,
    seed: int,
    covariates: Array | None = None,
    fewest: int = FEWEST,
    patterns: bool = True,
) -> LesionSymptomMap:
    """Fit ridge regression to all tested places, and judge its map by permutation of the residuals.

    Parameters
    ----------
    lesions, score, permutations, seed, covariates, fewest
        As for :func:`bidsapp.learning.lesion_symptom.mass_univariate.map_symptom`. Covariates are taken out
        of lesions and score, and places are scaled to unit variance.
    patterns
        Whether the map is the covariance of each place with the fitted score, or the weights. The covariance
        is the pattern of Haufe et al. 2014 (doi:10.1016/j.neuroimage.2013.10.067) without its division by the
        variance of the fitted score, so that a model that finds little has a small map.

    Returns
    -------
    LesionSymptomMap
        The penalty is the one that leaves one patient out best with the true scores; permutations share it.
    """
    tested = often_lesioned(lesions, fewest)
    apart = without_covariates(np.asarray(lesions[:, tested], dtype=np.float64), covariates)
    spread = apart.std(axis=0)
    columns = np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 1e-9)
    residual = without_covariates(np.asarray(score, dtype=np.float64), covariates)
    left, singular, right = np.linalg.svd(columns, full_matrices=False)
    penalty = best_penalty(left, singular, residual)
    shrunk = singular / (singular**2 + penalty)

    def maps(scores: Array) -> Array:
        coded = (left.T @ without_covariates(scores, covariates)).T * shrunk
        return np.asarray((coded * singular**2 / len(columns) if patterns else coded) @ right)

    rng = np.random.default_rng(seed)
    observed = maps(residual[:, None])[0]
    orders = rng.permuted(np.tile(np.arange(len(residual)), (permutations, 1)), axis=1)
    largest = np.abs(maps(residual[orders].T)).max(axis=1)
    p = family_wise_p(observed, largest)
    return LesionSymptomMap(tested, over_all(tested, observed), over_all(tested, p))


def best_penalty(left: Array, singular: Array, target: Array) -> float:
    """Choose the ridge penalty with the least mean squared error of each patient left out, in closed form.

    Parameters
    ----------
    left, singular
        Left singular vectors (patients, rank) and singular values (rank,) of centred columns.
    target
        Mean 0, shape (patients,).
    """
    losses = []
    scale = float((singular**2).mean())
    for penalty in PENALTIES * scale:
        kept = singular**2 / (singular**2 + penalty)
        wrong = target - left @ (kept * (left.T @ target))
        leverage = (left**2) @ kept + 1 / len(target)
        losses.append(float(((wrong / np.maximum(1 - leverage, 1e-9)) ** 2).mean()))
    return float(PENALTIES[int(np.argmin(losses))] * scale)
