"""Figures of merit of how latent vectors are spread: by region, by person, over dimensions, about a prior."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError

Array = NDArray[np.float32]


def silhouette(vectors: Array, labels: NDArray[np.generic]) -> float:
    """Tell how far apart the groups that labels make are (Rousseeuw 1987, J Comput Appl Math 20:53).

    Mean of ``(b - a) / max(a, b)``: a is a vector's mean distance to its own group, b to the nearest other
    one (Euclidean; computed by scikit-learn).

    Parameters
    ----------
    vectors, labels
        Shapes ``(n, d)`` and ``(n,)``.

    Returns
    -------
    float
        1: compact groups far apart; 0: they overlap; below: vectors are nearer to another group.

    Raises
    ------
    BadDataError
        There is one label only, or each vector has its own.
    """
    from sklearn.metrics import silhouette_score

    if not 2 <= np.unique(labels).size < len(vectors):
        raise BadDataError("A silhouette needs two or more groups, and fewer groups than vectors.")
    return float(silhouette_score(vectors, labels))


def effective_dimension(vectors: Array) -> float:
    """Give the participation ratio of the covariance's eigenvalues, ``(sum l)^2 / sum l^2``.

    1: all variance in one direction; d: equal in all (Gao et al. 2017, bioRxiv 214262).

    Parameters
    ----------
    vectors
        Shape ``(n, d)``.

    Raises
    ------
    BadDataError
        All vectors are equal.
    """
    covariance = np.cov(vectors.astype(np.float64), rowvar=False)
    squares = float(np.square(covariance).sum())  # trace of the square: the sum of squared eigenvalues
    if squares == 0:
        raise BadDataError("All latent vectors are equal: they have no dimension.")
    return float(np.trace(covariance)) ** 2 / squares


def posterior_divergence(mean: Array, log_variance: Array) -> float:
    """Give the divergence of a variational encoder's distributions from a standard normal prior, in nats.

    ``0.5 sum_d (m^2 + s^2 - 1 - log s^2)``, mean over vectors (Kingma and Welling 2014, appendix B).
    0: the encoder tells nothing of the patch.

    Parameters
    ----------
    mean, log_variance
        Shape ``(..., d)``.
    """
    import torch

    from bidsapp.learning.representation_losses import gaussian_divergence

    m, v = (torch.from_numpy(each.reshape(-1, each.shape[-1])).double() for each in (mean, log_variance))
    return gaussian_divergence(m, v).item()


def fitted_divergence(vectors: Array) -> float:
    """Give the divergence of the normal distribution fitted to vectors from a standard normal one, in nats.

    ``0.5 (tr S + m'm - d - log det S)`` (Kullback 1959, Information Theory and Statistics, section 9.1). It
    sees the mean and covariance of all vectors together, not the shape.

    Parameters
    ----------
    vectors
        Shape ``(n, d)``.

    Returns
    -------
    float
        0 or more; infinite where the vectors do not fill the space (a constant or redundant dimension).
    """
    values = vectors.astype(np.float64)
    mean, covariance = values.mean(axis=0), np.cov(values, rowvar=False)
    if np.linalg.matrix_rank(covariance, hermitian=True) < len(mean):
        return float("inf")
    _, log_determinant = np.linalg.slogdet(covariance)
    return float(0.5 * (np.trace(covariance) + mean @ mean - len(mean) - log_determinant))
