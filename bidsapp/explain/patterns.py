"""Haufe's pattern of a linear model: where the signal lies that it reads, which its weights do not say.

A large weight may stand on a column without any signal, because it cancels noise that others share with it.
The pattern tells how each column moves with what the model gives (Haufe et al. 2014,
doi:10.1016/j.neuroimage.2013.10.067).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def haufe_pattern(columns: Array, weights: Array) -> Array:
    r"""Give the covariance of each column with the model's output, over the variance of the output.

    .. math:: a = \mathrm{cov}(X) w / \mathrm{var}(X w)

    Parameters
    ----------
    columns
        What the model was fitted to, shape (patients, columns), scaled as the weights expect.
    weights
        Shape (columns,), or (columns, models) for many models of the same columns.

    Returns
    -------
    numpy.ndarray
        Of the shape of the weights, in units of a column per unit of the output: by how much a column differs
        between patients whose output differs by one. All zero for a model that says the same of everybody.
    """
    centred = columns - columns.mean(axis=0)
    outputs = centred @ weights
    variance = (outputs**2).sum(axis=0)
    size = np.finfo(np.float64).eps * (centred**2).sum() * (weights**2).sum(axis=0)
    shares = np.divide(outputs, variance, out=np.zeros_like(outputs), where=variance > size)
    return np.asarray(centred.T @ shares, dtype=np.float64)
