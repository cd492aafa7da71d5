"""Least squares at every voxel, with what happens to it when one subject is left out in closed form.

Deleting a case from a linear regression needs no second fit: its prediction error is its residual over
one minus its leverage (Cook and Weisberg 1982, Residuals and Influence in Regression, section 2.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError

Array = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearFit:
    """Regression of every voxel and channel on the same covariates.

    Attributes
    ----------
    coefficients
        Shape ``(covariates, voxels, channels)``.
    residuals
        Shape ``(subjects, voxels, channels)``.
    leverage
        Shape ``(subjects,)``: the diagonal of the hat matrix.
    gram_inverse
        Shape ``(covariates, covariates)``: inverse of the design's cross-product.
    """

    coefficients: Array
    residuals: Array
    leverage: Matrix
    gram_inverse: Matrix

    @property
    def degrees_of_freedom(self) -> int:
        """Subjects less covariates."""
        return int(self.residuals.shape[0] - self.coefficients.shape[0])


def fit_linear(features: Array, design: Matrix) -> LinearFit:
    """Fit least squares to every voxel and channel.

    Parameters
    ----------
    features
        Shape ``(subjects, voxels, channels)``.
    design
        Shape ``(subjects, covariates)``, with a column of ones if there is to be a mean.

    Raises
    ------
    BadDataError
        There are fewer than three subjects more than covariates, the covariates are collinear, or one
        subject alone determines a coefficient (leverage 1).
    """
    subjects, covariates = design.shape
    if subjects < covariates + 3:
        raise BadDataError(
            f"A model with {covariates} coefficients needs at least {covariates + 3} controls, "
            f"not {subjects}."
        )
    if np.linalg.matrix_rank(design) < covariates:
        raise BadDataError("The covariates of the controls are collinear; leave one out of the recipe.")
    gram_inverse: Matrix = np.linalg.inv(design.T @ design).astype(np.float64)
    leverage: Matrix = np.einsum("ij,jk,ik->i", design, gram_inverse, design).astype(np.float64)
    if leverage.max() > 1 - 1e-6:
        raise BadDataError(
            "One control alone determines the effect of a covariate; leave that covariate out of the recipe."
        )
    flat = features.reshape(subjects, -1)
    solver = np.asarray(gram_inverse @ design.T, dtype=np.float32)
    coefficients = solver @ flat
    residuals = flat - np.asarray(design, dtype=np.float32) @ coefficients
    voxels, channels = features.shape[1:]
    return LinearFit(
        coefficients.reshape(covariates, voxels, channels),
        residuals.reshape(features.shape),
        leverage,
        gram_inverse,
    )
