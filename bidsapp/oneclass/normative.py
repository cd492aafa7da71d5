"""The normative model of a brain: a Gaussian at every voxel, deviates divided by the tail factor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bidsapp.oneclass.gaussian import Gaussian, fit_gaussian
from bidsapp.oneclass.regression import Array, Matrix
from bidsapp.oneclass.tails import excess, tail_scale

Sign = Literal["both", "none", "above"]


@dataclass(frozen=True, eq=False)
class NormativeModel:
    """What scores a new subject.

    Attributes
    ----------
    gaussian
        Expected value and spread.
    tail
        Factor, 1 or more, that equalises heavy tails, shape ``(voxels,)``.
    sign
        Which deviates count, see :func:`counted`.
    """

    gaussian: Gaussian
    tail: Array
    sign: Sign = "both"

    def z(self, features: Array, covariates: Matrix) -> Array:
        """Give the deviate of each voxel.

        Parameters
        ----------
        features
            Shape ``(voxels, channels)``.
        covariates
            The subject's row of the design.
        """
        return counted(self.gaussian.z(features, covariates), self.sign) / self.tail


def counted(z: Array, sign: Sign) -> Array:
    """Keep the deviates that mean something.

    Parameters
    ----------
    z
        Deviates, signed by the first channel.
    sign
        ``both``: of a measured quantity, where less and more are both abnormal; ``none``: of features
        whose signs mean nothing, absolute; ``above``: of a score that grows with abnormality, where less
        than expected is normal: 0.
    """
    if sign == "both":
        return z
    return np.abs(z) if sign == "none" else np.maximum(z, np.float32(0))


def fit_normative(
    features: Array,
    design: Matrix,
    *,
    prior_weight: float,
    tail_power: float,
    spread: Callable[[Array], Array],
    sign: Sign = "both",
) -> tuple[NormativeModel, Array]:
    """Fit the model and score each control as if it had been left out.

    The regression and the covariance are left out exactly. Of the tail factor the control's own deviates
    are left out; those of the others keep its influence on their own fits, of order 1/controls.

    Parameters
    ----------
    features
        Shape ``(controls, voxels, channels)``.
    design
        Shape ``(controls, covariates)``.
    prior_weight
        See :func:`bidsapp.oneclass.gaussian.fit_gaussian`.
    tail_power, spread
        See :func:`bidsapp.oneclass.tails.tail_scale`.
    sign
        See :func:`counted`.

    Returns
    -------
    model, left_out
        The model of all controls, and each control's deviates without it, shape ``(controls, voxels)``.
    """
    fit = fit_gaussian(features, design, prior_weight=prior_weight)
    controls = features.shape[0]
    left_out = np.stack([counted(fit.left_out_z(subject), sign) for subject in range(controls)])
    total = np.zeros(left_out.shape[1], dtype=np.float32)
    for z in left_out:
        total += excess(z)
    tail = tail_scale(total / controls, spread, tail_power)
    for subject, z in enumerate(left_out):
        left_out[subject] = z / tail_scale((total - excess(z)) / (controls - 1), spread, tail_power)
    return NormativeModel(fit.model, tail, sign), left_out
