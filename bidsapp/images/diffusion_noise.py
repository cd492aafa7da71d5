r"""Take noise out of a diffusion series by what its volumes say of each other: Patch2Self.

Noise is independent from volume to volume, signal is not: each volume is replaced by its regression on all
others (Fadnavis 2020, NeurIPS 33:16293; here with ordinary least squares and patches of one voxel, the
defaults of dipy). Of all methods in dipy it is the cheapest; here it costs one inverse of an ``n x n``
matrix, since with :math:`P = (X^T X)^{-1}` the residual of column :math:`j` on the others is
:math:`(X P)_j / P_{jj}`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST = 10
"""Volumes below which the method does not work well (a warning of dipy's)."""
_RIDGE = 1e-9  # of the mean variance: keeps volumes that depend on each other solvable


def denoise(signal: NDArray[np.floating]) -> NDArray[np.float64]:
    """Replace each volume by its regression on the others.

    Parameters
    ----------
    signal
        Shape ``(n, v)``: diffusion-weighted volumes by voxels of the brain, more voxels than volumes.

    Returns
    -------
    denoised
        The same shape, never negative.

    Raises
    ------
    ValueError
        There are fewer than 10 volumes, or not more voxels than volumes.
    """
    n, v = signal.shape
    if n < FEWEST or v <= n:
        raise ValueError(f"{n} volumes of {v} voxels cannot be regressed on each other")
    data = np.asarray(signal, dtype=np.float64)
    centred = data - data.mean(axis=1, keepdims=True)
    gram = centred @ centred.T
    gram[np.diag_indices(n)] += _RIDGE * np.trace(gram) / n
    precision = np.linalg.inv(gram)
    residual = (precision @ centred) / np.diag(precision)[:, None]
    return np.maximum(data - residual, 0.0)


def worth_it(volumes: int, voxels: int) -> bool:
    """Tell whether there are enough volumes and voxels to denoise with."""
    return volumes >= FEWEST and voxels > volumes
