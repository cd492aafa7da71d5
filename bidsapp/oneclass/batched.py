"""The one-class machines of many voxels at once, in torch: each step moves a pair in all of them.

The optimum is that of `bidsapp.oneclass.svm.fit_svm`, to the same tolerance. This is for a GPU, though so far
tested on the CPU alone; there, the compiled solver is many times faster. Each row of a batch is one problem:
a voxel, or a voxel without one of its controls. A row's result does not depend on the other rows.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bidsapp.oneclass.pairs import Rows, offset, solve, spread
from bidsapp.oneclass.svm import (
    TOLERANCE,
    Array,
    SvmFit,
    centred_gamma,
    check_machine,
    pack,
)

MEMORY = 2**29
COPIES = 10
Precision = Literal["float32", "float64"]


def fit_batched(
    features: Array,
    *,
    nu: float = 0.03,
    gamma: NDArray[np.float64] | None = None,
    leave_one_out: bool = True,
    tolerance: float = TOLERANCE,
    device: str = "cpu",
    precision: Precision = "float64",
) -> SvmFit:
    """Fit a machine at every voxel; parameters, result and errors as in `bidsapp.oneclass.svm.fit_svm`.

    Parameters
    ----------
    features
        Shape ``(controls, voxels, dimensions)``; moved to the device in blocks.
    device
        As torch names it.
    precision
        In ``float32`` the tolerance is at least what rounding of the gradient allows.
    """
    check_machine(features, nu)
    controls, voxels = features.shape[:2]
    gamma = centred_gamma(features) if gamma is None else gamma
    alpha, rho = np.empty((voxels, controls)), np.empty(voxels)
    violation = np.empty(voxels, dtype=np.float32)
    left_out = np.empty((controls, voxels), dtype=np.float32) if leave_one_out else None
    rounding = 64 * torch.finfo(getattr(torch, precision)).eps * nu * controls
    size = max(1, MEMORY // (8 * COPIES * controls**2))
    for begin in range(0, voxels, size):
        part = slice(begin, begin + size)
        points = _tensor(features[:, part].swapaxes(0, 1), device, precision)
        rows = _start(_kernel(points, _tensor(gamma[part], device, precision)), nu)
        worst = solve(rows, max(tolerance, rounding))
        alpha[part] = rows.alpha.double().cpu().numpy()
        rho[part] = offset(rows).double().cpu().numpy()
        if left_out is not None:
            values, others = _left_out(rows, nu, max(tolerance, rounding))
            left_out[:, part] = values.T.float().cpu().numpy()
            worst = torch.maximum(worst, others)
        violation[part] = worst.float().cpu().numpy()
    return SvmFit(pack(features, alpha, rho, gamma), left_out, violation)


def _tensor(values: NDArray[np.floating], device: str, precision: Precision) -> Tensor:
    return torch.from_numpy(np.array(values)).to(device, getattr(torch, precision))


def _kernel(points: Tensor, gamma: Tensor) -> Tensor:
    """Give the kernel of each voxel's points, shape ``(voxels, n, n)``; by differences, never by products."""
    distance = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    return (-gamma[:, None, None] * distance.square()).exp()


def _start(kernel: Tensor, nu: float) -> Rows:
    """Put the whole sum on the first points, as the compiled solver does."""
    voxels, n = kernel.shape[:2]
    first = (nu * n - torch.arange(n, dtype=kernel.dtype, device=kernel.device)).clamp(0, 1)
    alpha = first.repeat(voxels, 1)
    everyone = torch.arange(voxels, device=kernel.device)
    return Rows(kernel, everyone, torch.zeros_like(alpha, dtype=torch.bool), alpha, kernel @ first)


def _left_out(rows: Rows, nu: float, tolerance: float) -> tuple[Tensor, Tensor]:
    """Score each control by the machine of the others, see `bidsapp.oneclass.leaving.score_left_out`.

    Returns the values, shape ``(voxels, n)``, and the largest violation of each voxel's problems.
    """
    fewer = rows.copy_of(rows.voxel)
    spread(fewer, torch.full_like(fewer.alpha[:, 0], -nu))
    worst = solve(fewer, tolerance)
    values = fewer.gradient - offset(fewer)[:, None]
    voxel, control = torch.nonzero(fewer.alpha > 0, as_tuple=True)
    others = fewer.copy_of(voxel)
    place = (torch.arange(len(voxel), device=voxel.device), control)
    weight = others.alpha[place]
    others.alpha[place] = 0
    others.taken[place] = True
    others.gradient.sub_(weight[:, None] * others.kernel[voxel, control])
    spread(others, weight)
    violation = solve(others, tolerance)
    values[voxel, control] = others.gradient[place] - offset(others)
    return values, worst.scatter_reduce(0, voxel, violation, "amax")
