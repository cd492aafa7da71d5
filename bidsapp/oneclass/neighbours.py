"""Kernel density and nearest neighbours at every voxel: peers of the one-class machine, same interface.

Both keep all controls' features and have an exact leave-one-out that costs nothing more than the fit: a
control's own term is left out of the sum. Values grow with normality, as the machine's decision does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.oneclass.svm import centred_gamma, check_features

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Density:
    """Logarithm of a Gaussian kernel density (Parzen 1962) at every voxel, but for a constant of the voxel.

    Attributes
    ----------
    controls
        Shape ``(voxels, controls, dimensions)``.
    gamma
        One over twice the squared bandwidth, shape ``(voxels,)``.
    """

    controls: Array
    gamma: NDArray[np.float64]

    def decide(self, features: Array) -> Array:
        """Score a new subject; ``features`` of shape ``(voxels, dimensions)``."""
        from bidsapp.oneclass.voxels import log_density

        return np.asarray(log_density(self.controls, self.gamma, features, -1), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Minus the mean distance to the nearest controls at every voxel.

    Attributes
    ----------
    controls
        Shape ``(voxels, controls, dimensions)``.
    count
        How many nearest controls count.
    """

    controls: Array
    count: int

    def decide(self, features: Array) -> Array:
        """Score a new subject; ``features`` of shape ``(voxels, dimensions)``."""
        from bidsapp.oneclass.voxels import nearness

        return np.asarray(nearness(self.controls, self.count, features, -1), dtype=np.float32)


def fit_density(features: Array) -> tuple[Density, Array]:
    """Fit a kernel density; bandwidth by Scott's rule from the mean variance of the dimensions.

    Parameters
    ----------
    features
        Shape ``(controls, voxels, dimensions)``.

    Returns
    -------
    model, left_out
        What scores new subjects, and each control's score without itself (same bandwidth), shape
        ``(controls, voxels)``.
    """
    from bidsapp.oneclass.voxels import log_density

    controls, _, dimensions = features.shape
    check_features(features, 2)
    gamma = centred_gamma(features) * dimensions / 2 * controls ** (2 / (dimensions + 4))
    model = Density(np.ascontiguousarray(features.transpose(1, 0, 2)), gamma)
    left_out = [log_density(model.controls, gamma, features[i], i) for i in range(controls)]
    return model, np.stack(left_out)


def fit_neighbours(features: Array, *, count: int = 5) -> tuple[Neighbours, Array]:
    """Keep the controls for a search of nearest neighbours; as `fit_density`.

    Raises
    ------
    BadDataError
        There are not more controls than neighbours, or a feature is not finite.
    """
    from bidsapp.oneclass.voxels import nearness

    check_features(features, count + 1)
    model = Neighbours(np.ascontiguousarray(features.transpose(1, 0, 2)), count)
    left_out = [nearness(model.controls, count, features[i], i) for i in range(features.shape[0])]
    return model, np.stack(left_out)
