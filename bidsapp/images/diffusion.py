r"""Maps of diffusion: tensor (FA, mean diffusivity) or, with few directions, the apparent coefficient alone.

Both fit the logarithm of :math:`S_i = S_0 \exp(-b_i\, g_i^T D g_i)` (Basser 1994, JMR B 103:247;
Stejskal and Tanner 1965) by weighted least squares with the squares of the signal that an ordinary fit
predicts (Salvador 2005, HBM 24:144), which is what dipy calls ``WLS``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.gradients import Gradients

_CHUNK = 20_000  # voxels at a time: their normal matrices take 10 MB
_SCALE = 1000.0  # b in ms/um2 keeps the normal matrices well conditioned


@dataclass(frozen=True, eq=False)
class Diffusion:
    """What a fit gives, voxel by voxel (shape ``(v,)``).

    Parameters
    ----------
    adc
        Mean diffusivity, mm2/s.
    fa
        Fractional anisotropy, 0 to 1; ``None`` where no tensor was fitted.
    axis
        Shape ``(v, 3)``: main direction of diffusion along the axes of the world; ``None`` without a tensor.
    predicted
        Shape ``(n, v)``: the signal that the fit expects in every volume of the series.
    """

    adc: NDArray[np.float64]
    fa: NDArray[np.float64] | None
    axis: NDArray[np.float64] | None
    predicted: NDArray[np.float64]


def fit_diffusion(signal: NDArray[np.floating], gradients: Gradients) -> Diffusion:
    """Fit a tensor where there are six directions, else one coefficient for all directions.

    Parameters
    ----------
    signal
        Shape ``(n, v)``: volumes by voxels.
    gradients
        Of the ``n`` volumes, in the frame of the head.

    Raises
    ------
    BadDataError
        There is no positive signal, or the directions do not determine a tensor.
    """
    tensor = gradients.gives_tensor
    design = _tensor_design(gradients) if tensor else _scalar_design(gradients)
    used = gradients.fitted
    if np.linalg.matrix_rank(design[used]) < design.shape[1]:
        raise BadDataError(
            "the b-values and directions do not determine the diffusion; look at .bval and .bvec."
        )
    positive = signal[signal > 0]
    if positive.size == 0:
        raise BadDataError("the diffusion series has no positive signal inside the brain.")
    logs = np.log(np.maximum(signal, positive.min())).T.astype(np.float64)
    solved = _weighted_fit(design[used], logs[:, used])
    predicted = np.exp(np.clip(solved @ design.T, None, logs.max() + 1)).T
    if not tensor:
        return Diffusion(np.maximum(solved[:, 0], 0) / _SCALE, None, None, predicted)
    values, vectors = np.linalg.eigh(_as_matrices(solved))
    values = np.maximum(values, 0.0)  # noise can make a diffusivity negative, which means nothing
    return Diffusion(values.mean(axis=1) / _SCALE, _anisotropy(values), vectors[:, :, -1], predicted)


def _weighted_fit(design: NDArray[np.float64], logs: NDArray[np.float64]) -> NDArray[np.float64]:
    solved = logs @ np.linalg.pinv(design).T
    for start in range(0, len(logs), _CHUNK):
        part = slice(start, start + _CHUNK)
        expected = solved[part] @ design.T
        weights = np.exp(2 * (expected - expected.max(axis=1, keepdims=True)))
        normal = np.einsum("vn,ni,nj->vij", weights, design, design, optimize=True)
        right = np.einsum("vn,ni->vi", weights * logs[part], design)
        solved[part] = np.linalg.solve(normal, right[..., None])[..., 0]
    return np.asarray(solved, dtype=np.float64)


def _tensor_design(gradients: Gradients) -> NDArray[np.float64]:
    x, y, z = gradients.directions.T
    b = gradients.bvals / _SCALE
    columns = [x * x, 2 * x * y, y * y, 2 * x * z, 2 * y * z, z * z]
    return np.stack([*(-b * column for column in columns), np.ones_like(b)], axis=1)


def _scalar_design(gradients: Gradients) -> NDArray[np.float64]:
    return np.stack([-gradients.bvals / _SCALE, np.ones_like(gradients.bvals)], axis=1)


def _as_matrices(solved: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(solved[:, [0, 1, 3, 1, 2, 4, 3, 4, 5]].reshape(-1, 3, 3), dtype=np.float64)


def _anisotropy(values: NDArray[np.float64]) -> NDArray[np.float64]:
    away = np.linalg.norm(values - values.mean(axis=1, keepdims=True), axis=1)
    size = np.linalg.norm(values, axis=1)
    share = np.divide(away, size, out=np.zeros_like(away), where=size > 0)
    return np.asarray(np.sqrt(1.5) * share, dtype=np.float64)
