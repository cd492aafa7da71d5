"""Follow the head through a series of volumes: a rigid or affine map from one volume to each other one.

The head has hardly moved, so the search starts where it is. Mattes' mutual information serves volumes of
any contrast, as diffusion weighting changes it; an affine map takes up the stretch and shear of eddy
currents (Rohde 2004, MRM 51:103).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.grids import resample, respaced_grid
from bidsapp.images.intensity import winsorise
from bidsapp.images.threads import single_thread
from bidsapp.images.transforms import itk_to_matrix, matrix_to_itk, mean_displacement
from bidsapp.images.volume import Grid, Volume, to_sitk

Model = Literal["rigid", "affine"]

_LEVELS = ((6.0, 1.0, 2e-2), (3.0, 0.2, 5e-3))  # voxel size, first and last step of the optimiser (mm)
_ITERATIONS = 200
_RELAXATION = 0.9  # of the step: at 0.7 the search ends 1 mm away, as turns need more steps than shifts
_SAMPLES = 20_000
_BINS = 32


def follow_head(
    fixed: Volume, moving: Sequence[Volume], mask: Volume, *, models: Sequence[Model], seed: int = 1
) -> list[NDArray[np.float64]]:
    """Align each volume of a series with one volume.

    Parameters
    ----------
    fixed
        What stays: the mean of some volumes.
    moving
        Volumes of about the same place.
    mask
        Brain on the grid of ``fixed``; the search looks at it and its surroundings (one voxel of 6 mm).
    models
        For each volume, whether it may be stretched.
    seed
        Of the samples.

    Returns
    -------
    matrices
        For each volume, shape ``(4, 4)``: points of ``fixed`` to points of the volume (RAS mm).

    Raises
    ------
    BadDataError
        The mask is empty, or a volume does not overlap with it.
    """
    if not (mask.data > 0.5).any():
        raise BadDataError("the brain mask is empty.")
    fixed = winsorise(fixed)
    with single_thread():
        levels = [_prepare(fixed, mask, spacing) for spacing, _, _ in _LEVELS]
        return [
            _align(levels, winsorise(volume), model, seed)
            for volume, model in zip(moving, models, strict=True)
        ]


def put_back(volume: Volume, matrix: NDArray[np.float64], grid: Grid) -> Volume:
    """Sample a volume where the fixed image has its voxels."""
    return resample(volume, grid, transform=matrix_to_itk(matrix))


def mean_motion(matrices: Sequence[NDArray[np.float64]], mask: Volume) -> float:
    """Give the mean distance (mm) of a voxel of the brain from its place in the fixed image."""
    points = np.argwhere(mask.data > 0.5) @ mask.affine[:3, :3].T + mask.affine[:3, 3]
    return float(np.mean([mean_displacement(matrix, np.eye(4), points) for matrix in matrices]))


def _prepare(fixed: Volume, mask: Volume, spacing: float) -> tuple[sitk.Image, sitk.Image]:
    grid = respaced_grid(fixed.grid, np.maximum(fixed.voxel_size, spacing))
    near = to_sitk(resample(mask, grid, interpolation="nearest"), dtype=np.uint8)
    return to_sitk(resample(fixed, grid)), sitk.BinaryDilate(near, [1, 1, 1])


def _align(
    levels: Sequence[tuple[sitk.Image, sitk.Image]], moving: Volume, model: Model, seed: int
) -> NDArray[np.float64]:
    transform: sitk.Transform = sitk.Euler3DTransform() if model == "rigid" else sitk.AffineTransform(3)
    size = np.asarray(levels[0][0].GetSize(), dtype=np.float64)
    centre = levels[0][0].TransformContinuousIndexToPhysicalPoint(((size - 1) / 2).tolist())
    transform.SetFixedParameters([*centre, 0.0] if model == "rigid" else list(centre))
    for (fixed, mask), (spacing, first, last) in zip(levels, _LEVELS, strict=True):
        grid = respaced_grid(moving.grid, np.maximum(moving.voxel_size, spacing))
        method = _method(fixed, mask, first, last, seed)
        method.SetInitialTransform(transform, inPlace=True)
        try:
            method.Execute(fixed, to_sitk(resample(moving, grid)))
        except RuntimeError as error:
            raise BadDataError("a volume does not overlap with the others of its series.") from error
    return itk_to_matrix(transform)


def _method(
    fixed: sitk.Image, mask: sitk.Image, first: float, last: float, seed: int
) -> sitk.ImageRegistrationMethod:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(min(1.0, _SAMPLES / float(np.prod(fixed.GetSize()))), seed)
    method.MetricUseFixedImageGradientFilterOff()
    method.MetricUseMovingImageGradientFilterOff()
    method.SetMetricFixedMask(mask)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        first, last, _ITERATIONS, relaxationFactor=_RELAXATION, gradientMagnitudeTolerance=1e-6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    return method
