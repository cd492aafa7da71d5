"""Sequential minimal optimisation of many one-class problems in step, in torch; see `bidsapp.oneclass.smo`.

A pair moves only if it violates the optimality conditions by more than the tolerance. So a problem that is
solved stays as it is, whatever the others still need; every few steps the solved ones are set aside.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

FLAT = 1e-12
MOST_STEPS = 100_000
ROUND = 16
FAR = float("inf")


@dataclass(frozen=True, eq=False)
class Rows:
    """Problems, one a row; several may share a kernel.

    Attributes
    ----------
    kernel
        Shape ``(voxels, n, n)``.
    voxel
        Whose kernel a row uses, shape ``(rows,)``.
    taken
        Points that take no part, shape ``(rows, n)``.
    alpha, gradient
        Weights and kernel times weights, shape ``(rows, n)``; changed in place.
    """

    kernel: Tensor
    voxel: Tensor
    taken: Tensor
    alpha: Tensor
    gradient: Tensor

    def copy_of(self, chosen: Tensor) -> Rows:
        """Copy the rows at the given indices; the kernel is shared."""
        fields = (self.voxel, self.taken, self.alpha, self.gradient)
        return Rows(self.kernel, *(field[chosen] for field in fields))


def solve(rows: Rows, tolerance: float) -> Tensor:
    """Improve pairs until no row violates the optimality conditions by more than the tolerance.

    Returns
    -------
    Tensor
        Largest violation of each row, shape ``(rows,)``.
    """
    unsolved = torch.arange(len(rows.voxel), device=rows.voxel.device)
    for _ in range(0, MOST_STEPS, ROUND):
        unsolved = unsolved[violation(rows)[unsolved] > tolerance]
        if not len(unsolved):
            break
        batch = rows.copy_of(unsolved)
        for _ in range(ROUND):
            _move(batch, tolerance)
        rows.alpha[unsolved] = batch.alpha
        rows.gradient[unsolved] = batch.gradient
    return violation(rows)


def violation(rows: Rows) -> Tensor:
    """Give by how much the gradient of a point with weight exceeds that of one with room; 0 at best."""
    low = _where(rows, rows.alpha < 1, rows.gradient, FAR).amin(dim=1)
    high = _where(rows, rows.alpha > 0, rows.gradient, -FAR).amax(dim=1)
    return (high - low).clamp(min=0)


def offset(rows: Rows) -> Tensor:
    """Give rho: the mean gradient of the free points; with none, the middle of what is allowed."""
    free = (rows.alpha > 0) & (rows.alpha < 1) & ~rows.taken
    count = free.sum(dim=1)
    mean = torch.where(free, rows.gradient, 0).sum(dim=1) / count.clamp(min=1)
    below = _where(rows, rows.alpha >= 1, rows.gradient, -FAR).amax(dim=1)
    above = _where(rows, rows.alpha <= 0, rows.gradient, FAR).amin(dim=1)
    return torch.where(count > 0, mean, 0.5 * (below + above))


def spread(rows: Rows, missing: Tensor) -> None:
    """Add ``missing`` (or take it, if negative; shape ``(rows,)``) where the gradient says it costs least."""
    missing = missing[:, None]
    for _ in range(rows.alpha.shape[1]):
        able = torch.where(missing > 0, rows.alpha < 1, rows.alpha > 0)
        cost = _where(rows, able, rows.gradient * missing.sign(), FAR)
        least, chosen = cost.min(dim=1, keepdim=True)
        missing = torch.where(least < FAR, missing, 0)
        if not missing.any():
            break
        before = rows.alpha.gather(1, chosen)
        after = (before + missing).clamp(0, 1)
        rows.alpha.scatter_(1, chosen, after)
        rows.gradient.add_((after - before) * rows.kernel[rows.voxel, chosen[:, 0]])
        missing = torch.where((after > 0) & (after < 1), 0, missing - (after - before))


def _move(rows: Rows, tolerance: float) -> None:
    """Move weight between the two points of each row that gain most by it, from j to i."""
    low, i = _where(rows, rows.alpha < 1, rows.gradient, FAR).min(dim=1, keepdim=True)
    kernel_i = rows.kernel[rows.voxel, i[:, 0]]
    excess = _where(rows, rows.alpha > 0, rows.gradient - low, 0)
    excess = torch.where(excess > tolerance, excess, 0)
    curvature = (2 - 2 * kernel_i).clamp(min=FLAT)
    j = (excess.square() / curvature).argmax(dim=1, keepdim=True)
    before_i, before_j = rows.alpha.gather(1, i), rows.alpha.gather(1, j)
    room = 1 - before_i
    move = torch.minimum(excess.gather(1, j) / curvature.gather(1, j), torch.minimum(room, before_j))
    rows.alpha.scatter_(1, i, torch.where(move == room, 1, before_i + move))
    rows.alpha.scatter_add_(1, j, -move)
    rows.gradient.add_(move * (kernel_i - rows.kernel[rows.voxel, j[:, 0]]))


def _where(rows: Rows, condition: Tensor, values: Tensor, other: float) -> Tensor:
    return torch.where(condition & ~rows.taken, values, other)
