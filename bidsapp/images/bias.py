"""Remove the smooth shading of MR images with N4 (Tustison 2010, IEEE TMI 29:1310)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.images.threads import single_thread
from bidsapp.images.volume import Volume, to_sitk

_ITERATIONS = (50, 50, 50, 30)
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
        raise BadDataError("the brain mask is empty or the image is not positive inside it.")
    ceiling = float(np.percentile(volume.data[inside], 99.9))
    image = to_sitk(volume.with_data(np.clip(volume.data, 0, ceiling)))
    region = to_sitk(mask.with_data(inside), dtype=np.uint8)
    factors = np.maximum(1, np.round(spacing / volume.voxel_size)).astype(int).tolist()
    with single_thread():
        n4 = sitk.N4BiasFieldCorrectionImageFilter()
        n4.SetMaximumNumberOfIterations(list(_ITERATIONS))
        n4.SetConvergenceThreshold(1e-4)
        n4.Execute(sitk.Shrink(image, factors), sitk.Shrink(region, factors))
    log_field = sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(image)).T
    field = np.exp(log_field - log_field[inside].mean()).astype(np.float32)
    return BiasCorrection(volume.with_data(volume.data / field), volume.with_data(field))
