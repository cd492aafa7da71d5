"""Remove the smooth shading of MR images with N4 (Tustison 2010, IEEE TMI 29:1310)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.grids import crop_to_mask, reference_image
from bidsapp.images.threads import single_thread
from bidsapp.images.volume import Volume, to_sitk

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813

_ITERATIONS = (20, 20, 20)  # more, or a finer level, fits anatomy: tests/images/test_bias.py
_SPACING = 4.0


@dataclass(frozen=True)
class BiasCorrection:
    """The corrected image, and the field (geometric mean 1 inside the mask) it was divided by."""

    corrected: Volume
    field: Volume


def correct_bias(volume: Volume, mask: Volume, *, spacing: float = _SPACING) -> BiasCorrection:
    """Estimate the field on voxels of about ``spacing`` millimetres and divide the full image by it.

    Parameters
    ----------
    volume
        Image of one contrast.
    mask
        Brain mask on the same grid; the field is fitted to positive voxels inside it.
    spacing
        Working voxel size in millimetres: the field is smooth, so nothing is lost and N4 takes seconds.

    Raises
    ------
    BadDataError
        The mask is empty, or nothing inside it is positive.
    """
    import SimpleITK as sitk  # noqa: N813

    inside = (mask.data > 0.5) & (volume.data > 0)
    if int(inside.sum()) < 100:
        raise BadDataError("hardly any voxel of the brain is positive; look at the image and exclude it.")
    ceiling = float(np.percentile(volume.data[inside], 99.9))
    region = mask.with_data(inside)
    bright = volume.with_data(np.clip(volume.data, 0, ceiling))
    image, brain = (to_sitk(crop_to_mask(part, region)) for part in (bright, region))
    factors = np.maximum(1, np.round(spacing / volume.voxel_size)).astype(int).tolist()
    with single_thread():
        n4 = sitk.N4BiasFieldCorrectionImageFilter()
        n4.SetMaximumNumberOfIterations(list(_ITERATIONS))
        n4.SetConvergenceThreshold(1e-4)
        small = sitk.Shrink(image, factors)
        n4.Execute(small, sitk.Shrink(sitk.Cast(brain, sitk.sitkUInt8), factors))
        log_field = _enlarge(n4.GetLogBiasFieldAsImage(small), volume)
    field = np.exp(log_field - log_field[inside].mean()).astype(np.float32)
    return BiasCorrection(volume.with_data(volume.data / field), volume.with_data(field))


def _enlarge(log_field: sitk.Image, volume: Volume) -> NDArray[np.float32]:
    """Interpolate the field on the full grid; beyond the brain's box it goes on as it is at the edge."""
    import SimpleITK as sitk  # noqa: N813

    resampler = sitk.ResampleImageFilter()
    resampler.SetReferenceImage(reference_image(volume.grid))
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.SetUseNearestNeighborExtrapolator(True)
    resampler.SetOutputPixelType(sitk.sitkFloat32)
    return np.asarray(sitk.GetArrayFromImage(resampler.Execute(log_field)).T, dtype=np.float32)
