"""Spatial transforms as 4x4 matrices and ITK composites.

All point one way, ITK's: from points of the *fixed* image (the target grid) to points of the *moving*
one, because that is what resampling needs. ``from-T1w_to-X_mode-image_xfm.h5`` therefore holds a map
from points of X to points of T1w (BIDS derivatives, and ANTs).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813

LINEAR_DECIMALS = 10
"""Linear maps are rounded to this: the last bits depend on the build of the mathematics libraries."""
_FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


def matrix_to_itk(matrix: NDArray[np.float64]) -> sitk.AffineTransform:
    """Give the ITK transform (LPS) of a 4x4 matrix between RAS millimetres."""
    import SimpleITK as sitk  # noqa: N813

    lps = _FLIP @ matrix @ _FLIP
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(lps[:3, :3].ravel().tolist())
    transform.SetTranslation(lps[:3, 3].tolist())
    return transform


def itk_to_matrix(transform: sitk.Transform) -> NDArray[np.float64]:
    """Give the 4x4 matrix between RAS millimetres of a linear ITK transform (read off by its points)."""
    origin = np.asarray(transform.TransformPoint((0.0, 0.0, 0.0)))
    lps = np.eye(4)
    for axis in range(3):
        point = [0.0, 0.0, 0.0]
        point[axis] = 1000.0
        lps[:3, axis] = (np.asarray(transform.TransformPoint(point)) - origin) / 1000.0
    lps[:3, 3] = origin
    return np.asarray(_FLIP @ lps @ _FLIP, dtype=np.float64)


def field_to_itk(field: NDArray[np.float64], affine: NDArray[np.float64]) -> sitk.DisplacementFieldTransform:
    """Give the ITK transform of a displacement field.

    Parameters
    ----------
    field
        Shape ``(x, y, z, 3)``; displacement in RAS millimetres at each voxel of the fixed grid.
    affine
        Shape ``(4, 4)``, of the fixed grid.
    """
    import SimpleITK as sitk  # noqa: N813

    from bidsapp.images.grids import reference_image
    from bidsapp.images.volume import Grid

    x, y, z = field.shape[:3]
    lps = field * np.array([-1.0, -1.0, 1.0])
    image = sitk.GetImageFromArray(np.ascontiguousarray(lps.transpose(2, 1, 0, 3)), isVector=True)
    image.CopyInformation(reference_image(Grid((x, y, z), affine)))
    return sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))


def compose(transforms: Sequence[sitk.Transform]) -> sitk.CompositeTransform:
    """Chain transforms in the order in which a point of the fixed image meets them."""
    import SimpleITK as sitk  # noqa: N813

    chain = sitk.CompositeTransform([sitk.Transform(t) for t in reversed(transforms)])
    chain.FlattenTransform()  # ITK cannot write a composite inside a composite
    return chain


def between_sessions(now: sitk.Transform, then: sitk.Transform) -> NDArray[np.float64] | None:
    """Take the rigid map between two sessions out of their transforms, which share one deformation.

    Parameters
    ----------
    now, then
        ``native_to_standard`` of either session: a composite whose first part is the session's own pose.

    Returns
    -------
    matrix
        4x4, from points of the session ``now`` to points of the session ``then`` (RAS millimetres);
        ``None`` where the two do not share their deformation: they were not normalised together.
    """
    import SimpleITK as sitk  # noqa: N813

    first, second = ([*_parts(sitk.CompositeTransform(item))] for item in (now, then))
    shared = len(first) == len(second) > 1 and all(
        one.GetParameters() == other.GetParameters()
        and one.GetFixedParameters() == other.GetFixedParameters()
        for one, other in zip(first[1:], second[1:], strict=True)
    )
    if not shared or not first[0].IsLinear() or not second[0].IsLinear():
        return None
    return itk_to_matrix(second[0]) @ np.linalg.inv(itk_to_matrix(first[0]))


def _parts(chain: sitk.CompositeTransform) -> list[sitk.Transform]:
    return [chain.GetNthTransform(index) for index in range(chain.GetNumberOfTransforms())]


def matrix_log(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the real logarithm of a rigid 4x4 matrix (Arsigny 2006, log-Euclidean)."""
    return np.asarray(np.real(linalg.logm(matrix)), dtype=np.float64)


def matrix_exp(tangent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the 4x4 matrix of a tangent; the inverse of :func:`matrix_log`."""
    return np.asarray(linalg.expm(tangent), dtype=np.float64)


def mean_displacement(
    first: NDArray[np.float64], second: NDArray[np.float64], points: NDArray[np.float64]
) -> float:
    """Give the mean distance (mm) between the images of ``points`` (shape ``(n, 3)``) under two matrices."""
    delta = first - second
    return float(np.linalg.norm(points @ delta[:3, :3].T + delta[:3, 3], axis=1).mean())
