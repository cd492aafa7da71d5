"""Temporary: the images helper replaces this file."""
from __future__ import annotations
import numpy as np
from numpy.typing import NDArray
from bidsapp.images.transforms import itk_to_matrix
from bidsapp.images.volume import Volume, to_sitk
def align_rigid(fixed: Volume, moving: Volume, *, fixed_mask: Volume | None = None) -> NDArray[np.float64]:
    import SimpleITK as sitk
    f, m = to_sitk(fixed), to_sitk(moving)
    r = sitk.ImageRegistrationMethod(); r.SetMetricAsMattesMutualInformation(32); r.SetMetricSamplingStrategy(r.RANDOM); r.SetMetricSamplingPercentage(0.02, 1)
    r.SetInterpolator(sitk.sitkLinear); r.SetOptimizerAsRegularStepGradientDescent(2, 1e-3, 150, relaxationFactor=0.6); r.SetOptimizerScalesFromPhysicalShift()
    r.SetShrinkFactorsPerLevel([4, 2]); r.SetSmoothingSigmasPerLevel([2, 1]); r.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    r.SetInitialTransform(sitk.CenteredTransformInitializer(f, m, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY), inPlace=False)
    return itk_to_matrix(r.Execute(f, m))
