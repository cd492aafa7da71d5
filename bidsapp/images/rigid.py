"""Rigid alignment of two images of one head, of any contrast, by Mattes' mutual information.

Coarse to fine on voxels of 4, 2 and 1.2 mm (never finer than the image itself). ITK's default gradient
filter is switched off: its width is that of the thickest slice, which on clinical scans makes the optimiser
walk away from the optimum in plane: 0.7 mm mean error with it, 0.4 mm without (benchmarks/alignment.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.grids import resample, respaced_grid
from bidsapp.images.intensity import winsorise
from bidsapp.images.threads import single_thread
from bidsapp.images.transforms import itk_to_matrix, matrix_to_itk
from bidsapp.images.volume import Volume, to_sitk

_BINS = 32


@dataclass(frozen=True)
class Level:
    """Voxel size and mask margin (mm), samples, and the optimiser's steps (mm) and count."""

    spacing: float
    margin: float
    samples: int
    first_step: float
    last_step: float
    iterations: int


LEVELS = (
    Level(4.0, 20.0, 12_000, 2.0, 2e-2, 150),
    Level(2.0, 10.0, 40_000, 0.5, 1e-2, 100),
    Level(1.2, 1.0, 100_000, 0.2, 2e-3, 60),
)


@dataclass(frozen=True, eq=False)
class RigidAlignment:
    """A rigid map and how well it did.

    Parameters
    ----------
    matrix
        Shape ``(4, 4)``; points of the fixed image to points of the moving one, RAS millimetres.
    mutual_information
        Mattes' mutual information (nats) at the finest level, higher is better.
    """

    matrix: NDArray[np.float64]
    mutual_information: float

    def transform(self) -> sitk.AffineTransform:
        """Give the ITK transform that resamples the moving image onto the fixed one."""
        return matrix_to_itk(self.matrix)


def align_rigid(
    fixed: Volume, moving: Volume, *, fixed_mask: Volume | None = None, seed: int = 1
) -> RigidAlignment:
    """Align ``moving`` to ``fixed``.

    Parameters
    ----------
    fixed, moving
        With or without skull, any voxel size and orientation, any contrast.
    fixed_mask
        Brain mask on the grid of ``fixed``; widened by 20, 10 and 1 mm from level to level, since the
        brain is rigid in the head but jaw, neck and scalp are not.
    seed
        Of the samples; the same seed gives the same bytes.

    Raises
    ------
    BadDataError
        The images do not overlap, or the mask is empty.
    """
    fixed, moving = winsorise(fixed), winsorise(moving)
    found: tuple[sitk.Euler3DTransform, float] | None = None
    with single_thread():
        for level in LEVELS:
            pair = _at_level(fixed, level), _at_level(moving, level)
            mask = None if fixed_mask is None else _mask_at(fixed_mask, level)
            if found is None:
                found = _best_start(pair, mask, level, seed)
            else:
                found = _optimise(pair, mask, level, found[0], seed)
    if found is None:
        raise BadDataError("no level to align at.")
    return RigidAlignment(itk_to_matrix(found[0]), -found[1])


def _best_start(
    pair: tuple[sitk.Image, sitk.Image], mask: sitk.Image | None, level: Level, seed: int
) -> tuple[sitk.Euler3DTransform, float]:
    # scanner coordinates are right within a session; centres are needed between scanners
    modes = sitk.CenteredTransformInitializerFilter
    starts = [
        sitk.Euler3DTransform(sitk.CenteredTransformInitializer(*pair, sitk.Euler3DTransform(), mode))
        for mode in (modes.GEOMETRY, modes.MOMENTS)
    ]
    still = sitk.Euler3DTransform()
    still.SetCenter(starts[1].GetCenter())
    found = []
    for start in (still, *starts):
        try:
            found.append(_optimise(pair, mask, level, start, seed))
        except BadDataError:
            continue
    if not found:
        raise BadDataError("the two images do not overlap; check their orientation headers.")
    return min(found, key=lambda pair: pair[1])


def _optimise(
    pair: tuple[sitk.Image, sitk.Image],
    mask: sitk.Image | None,
    level: Level,
    start: sitk.Euler3DTransform,
    seed: int,
) -> tuple[sitk.Euler3DTransform, float]:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    share = level.samples / float(np.prod(pair[0].GetSize()))
    method.SetMetricSamplingPercentage(min(1.0, share), seed)
    method.MetricUseFixedImageGradientFilterOff()
    method.MetricUseMovingImageGradientFilterOff()
    if mask is not None:
        method.SetMetricFixedMask(mask)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        level.first_step,
        level.last_step,
        level.iterations,
        relaxationFactor=0.8,
        gradientMagnitudeTolerance=1e-6,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=False)
    try:
        found = method.Execute(*pair)
    except RuntimeError as error:
        raise BadDataError("the two images do not overlap; check their orientation headers.") from error
    if found.GetName() == "CompositeTransform":
        found = sitk.CompositeTransform(found).GetNthTransform(0)
    return sitk.Euler3DTransform(found), float(method.GetMetricValue())


def _at_level(volume: Volume, level: Level) -> sitk.Image:
    spacing = np.maximum(volume.voxel_size, level.spacing)
    return to_sitk(resample(volume, respaced_grid(volume.grid, spacing)))


def _mask_at(mask: Volume, level: Level) -> sitk.Image:
    if not (mask.data > 0.5).any():
        raise BadDataError("the brain mask is empty.")
    spacing = np.maximum(mask.voxel_size, level.spacing)
    small = resample(mask, respaced_grid(mask.grid, spacing), interpolation="nearest")
    image = to_sitk(small, dtype=np.uint8)
    radius = [round(level.margin / s) for s in image.GetSpacing()]
    return sitk.BinaryDilate(image, radius)
