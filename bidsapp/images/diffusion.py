r"""Maps of diffusion: tensor (FA, mean diffusivity) or, with few directions, the apparent coefficient alone.

Both fit the logarithm of :math:`S_i = S_0 \exp(-b_i\, g_i^T D g_i)` (Basser 1994, JMR B 103:247;
Stejskal and Tanner 1965) by weighted least squares with the squares of the signal that an ordinary fit
predicts (Salvador 2005, HBM 24:144). The tensor is dipy's; a coefficient without directions, as clinical
scanners give it, is none of its models and is a weighted line here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.gradients import UNWEIGHTED, Gradients

_SCALE = 1000.0  # b in ms/um2 keeps the line well conditioned


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
        Shape ``(m, v)``: the signal that the fit expects in each of the ``m`` volumes it was made from.
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
        Of the ``n`` volumes, in the frame of the head; those of ``gradients.fitted`` are used.

    Raises
    ------
    BadDataError
        There is no positive signal, or the directions do not determine a tensor.
    """
    used = gradients.fitted
    positive = signal[signal > 0]
    if positive.size == 0:
        raise BadDataError("the diffusion series has no positive signal inside the brain.")
    data = np.maximum(signal[used], positive.min()).T.astype(np.float64)
    if gradients.gives_tensor:
        return _fit_tensor(data, gradients.bvals[used], gradients.directions[used])
    return _fit_coefficient(data, gradients.bvals[used])


def _fit_tensor(
    data: NDArray[np.float64], bvals: NDArray[np.float64], directions: NDArray[np.float64]
) -> Diffusion:
    from dipy.core.gradients import gradient_table
    from dipy.reconst.dti import TensorModel, design_matrix

    table = gradient_table(bvals, bvecs=directions, b0_threshold=UNWEIGHTED)
    design = design_matrix(table)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise BadDataError(
            "the b-values and directions do not determine the diffusion; look at .bval and .bvec."
        )
    fit = TensorModel(table, fit_method="WLS", min_signal=data.min(), return_S0_hat=True).fit(data)
    return Diffusion(fit.md, fit.fa, fit.directions[:, 0], fit.predict(table).T)


def _fit_coefficient(data: NDArray[np.float64], bvals: NDArray[np.float64]) -> Diffusion:
    b, logs = bvals / _SCALE, np.log(data)
    expected = np.polynomial.polynomial.polyval(b, np.polynomial.polynomial.polyfit(b, logs.T, 1))
    weights = np.exp(2 * (expected - expected.max(axis=1, keepdims=True)))
    weights /= weights.sum(axis=1, keepdims=True)
    middle = (weights @ b)[:, None]
    level = (weights * logs).sum(axis=1, keepdims=True)
    slope = (weights * (b - middle) * logs).sum(axis=1) / (weights * (b - middle) ** 2).sum(axis=1)
    predicted = np.exp(level + slope[:, None] * (b - middle))
    return Diffusion(np.maximum(-slope, 0) / _SCALE, None, None, predicted.T)
