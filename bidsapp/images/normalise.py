"""Bring a brain into template space: affine by search over rigid starts, then a diffeomorphic warp.

Engine: greedy with a stationary velocity field, whose exponential is invertible. Channels beside the
intensity (tissue probabilities) make it independent of contrast. Every step runs on cubic voxels of
``spacing`` millimetres. On six heads the overlap of 148 regions rose from 0.56 (affine) to 0.66 (no iteration
at full ``spacing``) and 0.69 (ten of them); wider smoothing or a wider correlation window lowered it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.engine import greedy
from bidsapp.images.grids import crop_to_mask, isotropic_grid, resample
from bidsapp.images.transforms import compose, field_to_itk, matrix_to_itk
from bidsapp.images.volume import Grid, Volume, to_sitk
from bidsapp.images.warp import field_from_itk, invert, jacobian_determinant, unfold

if TYPE_CHECKING:
    Matrix = NDArray[np.float64]

_SEARCH = "-search 400 20 25"
_AFFINE_LEVELS = "100x50x0"
_SMOOTHING = "1.732vox 0.7071vox"


@dataclass(frozen=True)
class Channel:
    """One pair of images that registration should make alike, and how much it counts."""

    fixed: Volume
    moving: Volume
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Normalisation:
    """An affine and a warp, both ways.

    Parameters
    ----------
    affine
        Shape ``(4, 4)``; points of the template to points of the subject, RAS millimetres.
    warp, inverse
        Shape ``(x, y, z, 3)``, float64, RAS millimetres on ``grid``: displacement within the template's
        space before ``affine``, and its inverse.
    grid
        Of the warp.
    folded
        Number of voxels whose Jacobian determinant is not above 0.
    jacobian
        Lowest and highest determinant of the warp.
    repaired
        Number of voxels where the sampled warp was smoothed locally, because it folded or nearly did.
    """

    affine: Matrix
    warp: NDArray[np.float64]
    inverse: NDArray[np.float64]
    grid: Grid
    folded: int
    jacobian: tuple[float, float]
    repaired: int

    def to_template(self) -> sitk.CompositeTransform:
        """Give the transform that resamples the subject into the template (points: template to subject)."""
        return compose([field_to_itk(self.warp, self.grid.affine), matrix_to_itk(self.affine)])

    def to_subject(self) -> sitk.CompositeTransform:
        """Give the transform that resamples the template into the subject (points: subject to template)."""
        back = np.asarray(np.linalg.inv(self.affine), dtype=np.float64)
        return compose([matrix_to_itk(back), field_to_itk(self.inverse, self.grid.affine)])


def normalise(
    channels: Sequence[Channel],
    moving_mask: Volume,
    *,
    spacing: float = 2.0,
    levels: str = "100x50x20",
    seed: int = 1,
) -> Normalisation:
    """Register the subject's channels to the template's.

    Parameters
    ----------
    channels
        Skull-stripped (0 outside the brain) and bias-corrected. The first one steers the affine. All
        ``fixed`` share one grid, all ``moving`` another.
    moving_mask
        Brain mask on the grid of ``moving``.
    spacing
        Working voxel size in millimetres.
    levels
        Iterations of the warp at 4, 2 and 1 times ``spacing``.
    seed
        Of the search over starts.

    Returns
    -------
    normalisation
        Without folds; ``repaired`` says how many voxels had to be mended for that.

    Raises
    ------
    BadDataError
        A mask is empty, or registration failed.
    """
    fixed = [_work(c.fixed, spacing) for c in channels]
    grid = fixed[0].grid
    moving = [_work(crop_to_mask(c.moving, moving_mask), spacing) for c in channels]
    affine = align_affine(fixed[0], moving[0], seed=seed)
    pulled = [
        resample(m, f.grid, transform=matrix_to_itk(affine), antialias=False)
        for f, m in zip(fixed, moving, strict=True)
    ]
    weights = [c.weight for c in channels]
    warp, inverse = _deform(fixed, pulled, weights, levels=levels, seed=seed)
    warp, repaired = unfold(warp, grid)
    if repaired:
        inverse = invert(warp, grid, guess=inverse)
    determinant = jacobian_determinant(warp, grid)
    return Normalisation(
        affine=affine,
        warp=warp,
        inverse=inverse,
        grid=grid,
        folded=int((determinant <= 0).sum()),
        jacobian=(float(determinant.min()), float(determinant.max())),
        repaired=repaired,
    )


def align_affine(fixed: Volume, moving: Volume, *, seed: int = 1, freedom: int = 12) -> Matrix:
    """Give the 4x4 matrix (RAS mm) from points of ``fixed`` to ``moving``, by search over rigid starts.

    Parameters
    ----------
    fixed, moving
        Skull-stripped brains of about the same voxel size.
    seed
        Of the search; the same seed gives the same matrix.
    freedom
        6 (rigid), 7 (similarity) or 12 (affine).
    """
    command = (
        f"-threads 1 -seed {seed} -a -dof {freedom} -i fixed moving -m NCC 2x2x2 "
        f"-n {_AFFINE_LEVELS} {_SEARCH} -ia-image-centers -o matrix"
    )
    found = greedy(command, ("matrix",), fixed=to_sitk(fixed), moving=to_sitk(moving))
    return np.asarray(found["matrix"], dtype=np.float64)


def _deform(
    fixed: Sequence[Volume],
    moving: Sequence[Volume],
    weights: Sequence[float],
    *,
    levels: str,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pairs = " ".join(f"-w {w:g} -i fixed{i} moving{i}" for i, w in enumerate(weights))
    images = {f"fixed{i}": to_sitk(v) for i, v in enumerate(fixed)}
    images |= {f"moving{i}": to_sitk(v) for i, v in enumerate(moving)}
    command = (
        f"-threads 1 -seed {seed} -m NCC 2x2x2 -n {levels} -s {_SMOOTHING} -sv -wp 0 "
        f"{pairs} -o warp -oinv inverse"
    )
    found = greedy(command, ("warp", "inverse"), **images)
    warp, inverse = found["warp"], found["inverse"]
    if not isinstance(warp, sitk.Image) or not isinstance(inverse, sitk.Image):
        raise BadDataError("registration gave no warp.")
    return field_from_itk(warp), field_from_itk(inverse)


def _work(volume: Volume, spacing: float) -> Volume:
    if np.allclose(volume.voxel_size, spacing, rtol=0.05):
        return volume
    return resample(volume, isotropic_grid(volume.grid, spacing))
