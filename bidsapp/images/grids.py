"""Changing the grid of a volume: orientation, spacing, extent; transforms come with SimpleITK."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.errors import BadDataError
from bidsapp.images.volume import Grid, Interpolation, Volume, from_sitk, to_sitk

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813


def to_closest_ras(volume: Volume) -> Volume:
    """Permute and flip axes, without interpolation, until they run closest to right, anterior, superior."""
    image = nib.as_closest_canonical(nib.Nifti1Image(volume.data, volume.affine))
    return Volume(
        np.ascontiguousarray(image.get_fdata(dtype=np.float32)), np.asarray(image.affine, dtype=np.float64)
    )


def resample(
    volume: Volume,
    grid: Grid,
    *,
    interpolation: Interpolation = "linear",
    transform: sitk.Transform | None = None,
    antialias: bool = True,
) -> Volume:
    """Sample a volume on another grid.

    Parameters
    ----------
    volume
        Image or label map.
    grid
        Where to sample.
    interpolation
        ``"linear"`` for intensities, ``"nearest"`` for labels. Outside the volume the value is 0.
    transform
        ITK transform from points of ``grid`` to points of ``volume`` (LPS millimetres), which is
        how ITK and ANTs store "moving to fixed"; identity if not given.
    antialias
        Smooth before going to clearly larger voxels (linear only), so that fine detail does not alias.
    """
    import SimpleITK as sitk  # noqa: N813

    source = volume
    if antialias and interpolation == "linear":
        source = _smooth_for(volume, grid.voxel_size)
    sampled = sitk.Resample(
        to_sitk(source),
        reference_image(grid),
        transform if transform is not None else sitk.Transform(3, sitk.sitkIdentity),
        sitk.sitkLinear if interpolation == "linear" else sitk.sitkNearestNeighbor,
        0.0,
        sitk.sitkFloat32,
    )
    return Volume(from_sitk(sampled).data, grid.affine)


def isotropic_grid(grid: Grid, voxel_size: float) -> Grid:
    """Give the grid that covers the same field of view, same axes, with cubic voxels (mm)."""
    return respaced_grid(grid, np.full(3, voxel_size))


def respaced_grid(grid: Grid, voxel_size: NDArray[np.float64]) -> Grid:
    """Give the grid that covers the same field of view, same axes, with voxels of ``voxel_size`` (mm)."""
    extent = np.asarray(grid.shape) * grid.voxel_size
    counts = np.maximum(1, np.ceil(extent / voxel_size - 1e-3)).astype(int)
    directions = grid.affine[:3, :3] / grid.voxel_size
    affine = np.eye(4)
    affine[:3, :3] = directions * voxel_size
    centre = grid.affine[:3, :3] @ ((np.asarray(grid.shape) - 1) / 2) + grid.affine[:3, 3]
    affine[:3, 3] = centre - affine[:3, :3] @ ((counts - 1) / 2)
    return Grid((int(counts[0]), int(counts[1]), int(counts[2])), affine)


def crop_to_mask(volume: Volume, mask: Volume, *, margin: float = 10.0) -> Volume:
    """Cut the box around a mask of the same grid, with ``margin`` millimetres on each side.

    Raises
    ------
    BadDataError
        The mask is empty.
    """
    inside = mask.data > 0.5
    if not inside.any():
        raise BadDataError("the brain mask is empty.")
    box = ndimage.find_objects(inside.astype(np.uint8))[0]
    pad = np.ceil(margin / volume.voxel_size).astype(int)
    start = [max(0, s.start - p) for s, p in zip(box, pad, strict=True)]
    stop = [min(n, s.stop + p) for s, p, n in zip(box, pad, volume.data.shape, strict=True)]
    cut = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.asarray(start, dtype=np.float64)
    return Volume(np.ascontiguousarray(volume.data[cut]), affine)


def unshear(volume: Volume) -> Volume:
    """Resample a sheared volume onto the rectangular grid of the nearest orthonormal axes."""
    left, _, right = np.linalg.svd(volume.affine[:3, :3] / volume.voxel_size)
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in volume.data.shape])).reshape(3, -1)
    axes = (left @ right) * volume.voxel_size
    inside = np.linalg.solve(axes, volume.affine[:3, :3] @ corners + volume.affine[:3, 3:])
    low = inside.min(axis=1)
    counts = np.ceil(inside.max(axis=1) - low - 1e-6).astype(int) + 1
    affine = np.eye(4)
    affine[:3, :3] = axes
    affine[:3, 3] = axes @ low
    to_source = np.linalg.inv(volume.affine) @ affine
    data = ndimage.affine_transform(
        volume.data, to_source[:3, :3], to_source[:3, 3], tuple(counts.tolist()), order=1
    )
    return Volume(np.ascontiguousarray(data, dtype=np.float32), affine)


def reference_image(grid: Grid) -> sitk.Image:
    """Give an empty 8-bit SimpleITK image on a grid, as the reference of a resampling."""
    return to_sitk(Volume(np.zeros(grid.shape, dtype=np.float32), grid.affine), dtype=np.uint8)


def _smooth_for(volume: Volume, voxel_size: NDArray[np.float64]) -> Volume:
    # Cardoso 2015 (MICCAI): FWHM^2 = target^2 - source^2; compared per sorted axis, since axes may turn
    target = np.sort(voxel_size)
    order = np.argsort(volume.voxel_size)
    source = volume.voxel_size[order]
    widths = np.sqrt(np.maximum(0.0, target**2 - source**2)) / (2 * np.sqrt(2 * np.log(2))) / source
    sigmas = np.zeros(3)
    sigmas[order] = np.where(target > 1.2 * source, widths, 0.0)
    if not sigmas.any():
        return volume
    return volume.with_data(ndimage.gaussian_filter(volume.data, sigmas.tolist(), truncate=3.0))
