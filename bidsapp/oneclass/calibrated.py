"""Deviates from left-out scores without a normative model: by a curve at each voxel, or pooled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidsapp.oneclass.normative import Sign
from bidsapp.oneclass.probability import Calibration, Form, fit_calibration
from bidsapp.oneclass.regression import Array, Matrix

_LEAST = 1e-300


@dataclass(frozen=True, eq=False)
class CalibratedModel:
    """What scores a new subject: the normal deviate that is as improbable as its score; below 0 it is 0."""

    calibration: Calibration
    sign: Sign = "above"

    def z(self, features: Array, covariates: Matrix) -> Array:
        """Give the deviate of each voxel.

        Parameters
        ----------
        features
            A score that grows with abnormality, shape ``(voxels, 1)``.
        covariates
            Not used: a curve knows no covariates.
        """
        from scipy.special import ndtri

        survival = np.maximum(self.calibration.survival(-features[:, 0]), _LEAST)
        return np.asarray(np.maximum(-ndtri(survival), 0), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class PooledModel:
    """The score itself, to be read on the pooled scores of all left-out controls at all voxels.

    Of a machine with few support vectors this is the only exact way: at a voxel, the left-out scores of the
    others come from machines that have seen the control in question, and an outlier among a handful of
    support vectors changes them, so that a control looks stranger than a new subject who is as strange.
    """

    sign: Sign = "above"

    def z(self, features: Array, covariates: Matrix) -> Array:
        """Give the score of each voxel, shape ``(voxels,)``, for features ``(voxels, 1)``."""
        return features[:, 0]


def fit_calibrated(features: Array, form: Form) -> tuple[CalibratedModel, Array]:
    """Fit the curves to left-out scores and turn these into deviates, each by the curves of the others.

    Parameters
    ----------
    features
        Shape ``(controls, voxels, 1)``.
    form
        ``extreme value`` or ``sigmoid``.

    Returns
    -------
    model, left_out
        The model, and the controls' deviates, shape ``(controls, voxels)``.
    """
    scores = -features[:, :, 0]
    nothing = np.ones(1)
    left_out = [
        CalibratedModel(fit_calibration(np.delete(scores, i, axis=0), form)).z(item, nothing)
        for i, item in enumerate(features)
    ]
    return CalibratedModel(fit_calibration(scores, form)), np.stack(left_out)
