"""Machines of all voxels as named arrays for safetensors, the vectors in half precision.

What is stored of a vector is its difference to the mean of its voxel's vectors, in units of the kernel's
width: numbers around 1, where half precision is fine enough for the kernel (which depends on differences
alone) whatever the size of the features. For features with a spread, decision values change by less than 1 %
of rho.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bidsapp.oneclass.svm import SupportVectors

Arrays = Mapping[str, NDArray[np.generic]]
NAMES = frozenset({"count", "centre", "vectors", "weights", "rho", "gamma"})


def to_arrays(model: SupportVectors, *, half: bool = True) -> dict[str, NDArray[np.generic]]:
    """Give the arrays to store.

    Parameters
    ----------
    model
        Every voxel has a support vector at least, as all fitted ones have.
    half
        Whether the vectors are rounded to half precision; else they are float32.

    Returns
    -------
    dict
        ``count`` (support vectors of each voxel), ``centre`` (their mean), ``vectors``, ``weights``, ``rho``
        and ``gamma``.
    """
    count = np.diff(model.first)
    centre = np.add.reduceat(model.vectors, model.first[:-1], axis=0) / count[:, None].astype(np.float32)
    scaled = (model.vectors - np.repeat(centre, count, axis=0)) / _width(model.gamma, count)
    return {
        "count": count.astype(np.int32),
        "centre": centre,
        "vectors": scaled.astype(np.float16 if half else np.float32),
        "weights": model.weights,
        "rho": model.rho,
        "gamma": model.gamma,
    }


def from_arrays(arrays: Arrays) -> SupportVectors:
    """Undo :func:`to_arrays`.

    Raises
    ------
    ValueError
        An array is missing, or of another length than the others.
    """
    missing = ", ".join(sorted(NAMES - set(arrays)))
    if missing:
        raise ValueError(f"they lack {missing}")
    count = arrays["count"].astype(np.int64)
    for name in sorted(NAMES - {"count"}):
        wanted = int(count.sum()) if name in ("vectors", "weights") else count.size
        if arrays[name].shape[0] != wanted:
            raise ValueError(f"{name} has {arrays[name].shape[0]} rows, not {wanted}")
    gamma = arrays["gamma"].astype(np.float64)
    vectors = arrays["vectors"].astype(np.float32) * _width(gamma, count)
    vectors += np.repeat(arrays["centre"].astype(np.float32), count, axis=0)
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    weights, rho = arrays["weights"].astype(np.float32), arrays["rho"].astype(np.float64)
    return SupportVectors(first, vectors, weights, rho, gamma)


def _width(gamma: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.repeat((gamma**-0.5).astype(np.float32), count)[:, None]
