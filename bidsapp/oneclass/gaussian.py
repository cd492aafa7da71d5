"""A Gaussian at every voxel: how far a subject lies from what the controls and its age and sex predict.

One channel gives the studentised prediction error; several give a Mahalanobis distance. The covariance of a
voxel is shrunk to the one pooled over the brain (inverse-Wishart prior; for one channel the moderated
variance of Smyth 2004, doi:10.2202/1544-6115.1027), so that no voxel is believed to be noiseless.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.oneclass.regression import Array, LinearFit, Matrix, fit_linear

_TABLE = np.linspace(0.0, 60.0, 6001)


@dataclass(frozen=True, eq=False)
class Gaussian:
    """Expected value and spread of every voxel, as far as scoring a new subject needs them.

    Attributes
    ----------
    coefficients
        Shape ``(covariates, voxels, channels)``.
    precision
        Shape ``(voxels, channels, channels)``: inverse of the shrunken covariance of the residuals.
    gram_inverse
        Shape ``(covariates, covariates)``, for the uncertainty of the prediction.
    degrees_of_freedom
        Of the shrunken covariance: controls less covariates plus the weight of the prior.
    """

    coefficients: Array
    precision: Array
    gram_inverse: Matrix
    degrees_of_freedom: float

    def z(self, features: Array, covariates: Matrix) -> Array:
        """Score a subject who is not among the controls.

        Parameters
        ----------
        features
            Shape ``(voxels, channels)``.
        covariates
            The subject's row of the design, shape ``(covariates,)``.

        Returns
        -------
        z
            Shape ``(voxels,)``: the two-sided normal deviate that is as improbable as the distance, with the
            sign of the first channel's error.
        """
        expected = np.tensordot(covariates.astype(np.float32), self.coefficients, axes=1)
        error = features - expected
        inflation = 1 + float(covariates @ self.gram_inverse @ covariates)
        distance = np.einsum("vk,vkl,vl->v", error, self.precision, error) / np.float32(inflation)
        channels = error.shape[1]
        return signed_deviate(distance, error[:, 0], channels, self.degrees_of_freedom)


@dataclass(frozen=True, eq=False)
class GaussianFit:
    """The controls' regression and covariance; from it each control is scored as if it had been left out.

    ``scale`` is the sum of squares and prior, inverted; shape ``(voxels, channels, channels)``.
    """

    linear: LinearFit
    scale: Array
    prior_weight: float

    @property
    def model(self) -> Gaussian:
        """What scores new subjects."""
        freedom = self.linear.degrees_of_freedom + self.prior_weight
        return Gaussian(
            self.linear.coefficients,
            np.asarray(self.scale * np.float32(freedom), dtype=np.float32),
            self.linear.gram_inverse,
            freedom,
        )

    def left_out_z(self, subject: int) -> Array:
        """Score a control against the model of all others, exactly and without a second fit.

        With residual e, leverage h and S the inverted sum of squares and prior, the deleted Mahalanobis
        distance is (f - 1) q / (1 - h - q), q = e'Se (Sherman-Morrison); the prior stays as it is.
        """
        error = self.linear.residuals[subject]
        leverage = self.linear.leverage[subject]
        freedom = self.linear.degrees_of_freedom + self.prior_weight - 1
        q = np.einsum("vk,vkl,vl->v", error, self.scale, error)
        distance = freedom * q / np.maximum(1 - leverage - q, 1e-6)
        return signed_deviate(distance.astype(np.float32), error[:, 0], error.shape[1], freedom)


def fit_gaussian(features: Array, design: Matrix, *, prior_weight: float) -> GaussianFit:
    """Fit mean, covariate effects and shrunken covariance at every voxel.

    Parameters
    ----------
    features
        Shape ``(controls, voxels, channels)``.
    design
        Shape ``(controls, covariates)``.
    prior_weight
        Number of controls that the covariance pooled over all voxels counts for; above 0 where a voxel may
        be constant.

    Raises
    ------
    BadDataError
        Too few controls (for the covariates, or for the channels), collinear covariates, a channel that is
        constant over the whole brain, or two channels that are one.
    """
    linear = fit_linear(features, design)
    channels = features.shape[2]
    if linear.degrees_of_freedom + prior_weight <= channels:  # one less is left to a control left out
        raise BadDataError(
            f"{channels} channels and {design.shape[1]} coefficients are too many for {len(features)} "
            "controls; add controls, or raise prior_weight in the recipe."
        )
    squares = np.einsum("nvk,nvl->vkl", linear.residuals, linear.residuals, optimize=True)
    pooled = squares.mean(axis=0, dtype=np.float64) / linear.degrees_of_freedom
    if not np.all(np.diag(pooled) > 0):
        raise BadDataError("A channel has the same value in all controls; leave it out of the recipe.")
    total = squares + np.asarray(prior_weight * pooled, dtype=np.float32)
    try:
        return GaussianFit(linear, np.linalg.inv(total), prior_weight)
    except np.linalg.LinAlgError as error:
        raise BadDataError(
            "Two channels tell the same in all controls; leave one out of the recipe."
        ) from error


def signed_deviate(
    distance: Array, sign: NDArray[np.floating], channels: int, degrees_of_freedom: float
) -> Array:
    """Turn squared distances into normal deviates of the same two-sided probability.

    Parameters
    ----------
    distance
        Squared Mahalanobis distance (covariance estimated: Hotelling), shape ``(voxels,)``.
    sign
        Its sign is given to the deviate, shape ``(voxels,)``.
    channels, degrees_of_freedom
        Of the distance.
    """
    table = _deviates(channels, degrees_of_freedom)
    magnitude = np.interp(np.sqrt(np.maximum(distance, 0)), _TABLE, table)
    return np.asarray(np.copysign(magnitude, sign), dtype=np.float32)


def _deviates(channels: int, degrees_of_freedom: float) -> Matrix:
    from scipy import stats

    second = degrees_of_freedom - channels + 1
    ratio = _TABLE**2 * second / (degrees_of_freedom * channels)
    tail = stats.f.sf(ratio, channels, second)
    known = tail > 1e-300
    last = int(known.sum())
    table = np.asarray(stats.norm.isf(np.maximum(tail, 1e-300) / 2), dtype=np.float64)
    slope = table[last - 1] - table[last - 2]
    table[last:] = table[last - 1] + slope * np.arange(1, table.size - last + 1)
    return table
