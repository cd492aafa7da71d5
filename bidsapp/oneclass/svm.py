"""A one-class support vector machine at every voxel, over the controls' features at that voxel.

Radial kernel exp(-gamma |x - y|^2): with it the machine is the same as support vector data description (Tax
and Duin 2004, doi:10.1023/B:MACH.0000008084.60811.49), since every point is at the same distance from the
origin of feature space. The decision value is sum_i a_i k(x_i, x) - rho in libsvm's scale, positive inside.
nu is not the rate of false positives on new subjects (field of 40 points in 16 dimensions: 41 % of them fall
outside): what a value means is told by the left-out controls.

Where no support vector is free, rho is any value of an interval; its middle is taken, as libsvm does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = NDArray[np.float32]
TOLERANCE = 1e-5
MOST_STEPS = 100_000
BLOCK = 20_000


@dataclass(frozen=True, eq=False)
class SupportVectors:
    """What scores a new subject: the machines of all voxels, one after the other.

    Attributes
    ----------
    first
        Index of each voxel's first support vector, shape ``(voxels + 1,)``.
    vectors
        Shape ``(support vectors, dimensions)``.
    weights
        Their coefficients, shape ``(support vectors,)``.
    rho, gamma
        Shape ``(voxels,)``.
    """

    first: NDArray[np.int64]
    vectors: Array
    weights: Array
    rho: NDArray[np.float64]
    gamma: NDArray[np.float64]

    def decide(self, features: Array) -> Array:
        """Give the decision value of a new subject at every voxel.

        Parameters
        ----------
        features
            Shape ``(voxels, dimensions)``.
        """
        from bidsapp.oneclass.voxels import decide

        values = decide(self.first, self.vectors, self.weights, self.rho, self.gamma, features)
        return np.asarray(values, dtype=np.float32)

    def everywhere(self, features: Array) -> Array:
        """Give the decision values of the first voxel's machine for features of many places.

        Parameters
        ----------
        features
            Shape ``(places, dimensions)``.
        """
        from bidsapp.oneclass.voxels import decide_places

        own = slice(0, int(self.first[1]))
        values = decide_places(self.vectors[own], self.weights[own], self.rho[0], self.gamma[0], features)
        return np.asarray(values, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class SvmFit:
    """The machines, and what is known of how they were found.

    Attributes
    ----------
    model
        Scores new subjects.
    left_out
        Decision value of each control by the machine of the others (same gamma), shape
        ``(controls, voxels)``; ``None`` if it was not asked for.
    violation
        Largest violation of the optimality conditions at each voxel, shape ``(voxels,)``.
    """

    model: SupportVectors
    left_out: Array | None
    violation: Array


def fit_svm(
    features: Array,
    *,
    nu: float = 0.03,
    gamma: NDArray[np.float64] | None = None,
    leave_one_out: bool = True,
    tolerance: float = TOLERANCE,
) -> SvmFit:
    """Fit a machine at every voxel, and score each control by the machine without it.

    Leaving one out is exact: the others' optimum is searched again, from where all controls' optimum lies.

    Parameters
    ----------
    features
        Shape ``(controls, voxels, dimensions)``.
    nu
        Upper bound of the share of controls outside, lower bound of the share of support vectors.
    gamma
        Of each voxel, shape ``(voxels,)``; `centred_gamma` if not given.
    leave_one_out
        Whether to score the controls too.
    tolerance
        Violation of the optimality conditions at which the search ends.

    Raises
    ------
    BadDataError
        ``nu`` is not within 0 and 1, there are fewer than three controls, or a feature is not finite.
    """
    from bidsapp.oneclass.voxels import fit_block

    controls, voxels = features.shape[:2]
    check_machine(features, nu)
    gamma = centred_gamma(features) if gamma is None else gamma
    alpha = np.empty((voxels, controls))
    rho, violation = np.empty(voxels), np.empty(voxels, dtype=np.float32)
    left_out = np.empty((controls if leave_one_out else 0, voxels), dtype=np.float32)
    for part in _blocks(voxels):
        block = np.ascontiguousarray(features[:, part])
        out = left_out[:, part]
        fit_block(block, gamma[part], nu, tolerance, MOST_STEPS, alpha[part], rho[part], violation[part], out)
    model = pack(features, alpha, rho, gamma)
    return SvmFit(model, left_out if leave_one_out else None, violation)


def check_machine(features: Array, nu: float) -> None:
    """Refuse what no machine can be fitted on; see `fit_svm`."""
    if not 0 < nu < 1:
        raise BadDataError(f"nu of the one-class machine must lie between 0 and 1, not be {nu}.")
    check_features(features, 3)


def check_features(features: Array, least: int) -> None:
    """Refuse fewer than ``least`` controls, and features that are not finite; axes as in `fit_svm`."""
    if features.shape[0] < least:
        raise BadDataError(
            f"A model at every voxel needs at least {least} controls, not {features.shape[0]}; add controls."
        )
    if not np.isfinite(features).all():
        raise BadDataError("A feature of a control is not finite; check that control's preprocessing.")


def centred_gamma(features: Array) -> NDArray[np.float64]:
    """Give one over the trace of the controls' covariance at each voxel; 1 where they are all alike.

    Parameters
    ----------
    features
        Shape ``(controls, voxels, dimensions)``.

    Returns
    -------
    NDArray
        Shape ``(voxels,)``. Unlike scikit-learn's ``scale``, offsets between dimensions play no part.
    """
    from bidsapp.oneclass.voxels import variance_sum

    gamma = np.empty(features.shape[1])
    for part in _blocks(features.shape[1]):
        trace = variance_sum(np.ascontiguousarray(features[:, part]))
        gamma[part] = 1 / np.where(trace > 0, trace, 1.0)
    return gamma


def pack(
    features: Array, alpha: NDArray[np.float64], rho: NDArray[np.float64], gamma: NDArray[np.float64]
) -> SupportVectors:
    """Keep the controls with weight ``alpha``, shape ``(voxels, controls)``; other axes as in `fit_svm`."""
    voxel, control = np.nonzero(alpha > 0)
    first = np.searchsorted(voxel, np.arange(alpha.shape[0] + 1)).astype(np.int64)
    return SupportVectors(
        first, features[control, voxel], alpha[voxel, control].astype(np.float32), rho, gamma
    )


def _blocks(voxels: int) -> Iterator[slice]:
    for begin in range(0, voxels, BLOCK):
        yield slice(begin, min(begin + BLOCK, voxels))
