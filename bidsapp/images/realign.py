"""Rigid realignment of frames: Gauss-Newton on the differences of intensity, as SPM and AFNI do it.

Registration by SimpleITK takes a second or more for each frame; the gradient of the reference is the same for
all frames, so that here its pseudo-inverse is computed once and 200 frames take seconds (inverse
compositional form: Baker and Matthews 2004, IJCV 56:221; the model is Friston's 1995, HBM 3:165).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from bidsapp.errors import BadDataError
from bidsapp.images.frames import Frames
from bidsapp.images.volume import Volume

FWHM = 5.0
"""Smoothing (mm) of what is compared; SPM's default."""
_POINTS = 25_000
_ITERATIONS = 30
_SMALL = 2e-3  # mm of movement of a point 50 mm away, below which a frame has come to rest
_FEWEST = 200


@dataclass(frozen=True, eq=False)
class _Reference:
    """Points of the brain (shape ``(n, 3)``, mm), their centre, and the pseudo-inverse of the model there."""

    points: NDArray[np.float64]
    centre: NDArray[np.float64]
    solver: NDArray[np.float64]


def estimate_motion(frames: Frames, reference: Volume, mask: Volume) -> NDArray[np.float64]:
    r"""Find the rigid motion of each frame against a reference.

    Each frame is modelled as :math:`a\,R(T_\delta p) + b`: six parameters of the motion, and gain and
    offset, since the uptake in dynamic PET rises and falls.

    Parameters
    ----------
    frames
        Any contrast that stays similar to that of the reference.
    reference, mask
        Image on the grid of ``frames``, and the brain in it.

    Returns
    -------
    matrices
        Shape ``(t, 4, 4)``: points of the reference to points of the frame, RAS millimetres.

    Raises
    ------
    BadDataError
        Fewer than 200 voxels are in the mask.
    """
    model = _model(reference, mask)
    to_voxel = np.asarray(np.linalg.inv(frames.affine), dtype=np.float64)
    found = np.empty((len(frames), 4, 4))
    current: NDArray[np.float64] = np.eye(4)
    for index in range(len(frames)):
        spline = ndimage.spline_filter(_smooth(frames.frame(index)), order=3, output=np.float32)
        current = _follow(spline, to_voxel, model, current)  # the head moves little from frame to frame
        found[index] = current
    return found


def resample_frames(frames: Frames, matrices: NDArray[np.float64]) -> Frames:
    """Bring each frame back onto the reference: cubic splines, one interpolation; 0 outside of the image."""
    data = np.empty_like(frames.data)
    to_voxel = np.linalg.inv(frames.affine)
    for index, matrix in enumerate(matrices):
        if np.allclose(matrix, np.eye(4), atol=1e-9):
            data[..., index] = frames.data[..., index]
            continue
        voxels = to_voxel @ matrix @ frames.affine
        data[..., index] = ndimage.affine_transform(
            frames.data[..., index], voxels[:3, :3], voxels[:3, 3], order=3, mode="grid-constant"
        )
    return frames.with_data(data)


def _model(reference: Volume, mask: Volume) -> _Reference:
    inside = np.argwhere(mask.data > 0.5)
    if len(inside) < _FEWEST:
        raise BadDataError(f"only {len(inside)} voxels are in the brain, too few to follow its motion.")
    inside = inside[:: max(1, len(inside) // _POINTS)]
    smooth = _smooth(reference)
    points = inside @ reference.affine[:3, :3].T + reference.affine[:3, 3]
    centre = points.mean(axis=0)
    by_voxel = np.stack([np.asarray(part) for part in np.gradient(smooth)], axis=-1)[tuple(inside.T)]
    gradient = by_voxel @ np.linalg.inv(reference.affine[:3, :3])
    turning = np.cross(points - centre, gradient)
    values = smooth[tuple(inside.T)].astype(np.float64)
    model = np.column_stack([gradient, turning, values, np.ones(len(values))])
    scale = np.linalg.norm(model, axis=0)
    scale[scale == 0] = 1.0
    return _Reference(points, centre, np.linalg.pinv(model / scale) / scale[:, None])


def _follow(
    spline: NDArray[np.float32], to_voxel: NDArray[np.float64], model: _Reference, start: NDArray[np.float64]
) -> NDArray[np.float64]:
    matrix = start
    for _ in range(_ITERATIONS):
        place = to_voxel @ matrix
        voxels = place[:3, :3] @ model.points.T + place[:3, 3:]
        values = ndimage.map_coordinates(spline, voxels, order=3, mode="nearest", prefilter=False)
        weights = model.solver @ values
        if weights[6] <= 0:  # the frame shows nothing like the reference: it has no motion that could be seen
            return start
        shift, turn = weights[:3] / weights[6], weights[3:6] / weights[6]
        step = _rigid(shift, turn, model.centre)
        matrix = matrix @ np.linalg.inv(step)
        if np.abs(shift).max() + 50 * np.abs(turn).max() < _SMALL:
            break
    return matrix


def _rigid(
    shift: NDArray[np.float64], turn: NDArray[np.float64], centre: NDArray[np.float64]
) -> NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(turn).as_matrix()
    matrix[:3, 3] = centre + shift - matrix[:3, :3] @ centre
    return matrix


def _smooth(volume: Volume) -> NDArray[np.float32]:
    sigma = FWHM / (2 * np.sqrt(2 * np.log(2))) / volume.voxel_size
    return np.asarray(ndimage.gaussian_filter(volume.data, sigma.tolist(), truncate=3.0), dtype=np.float32)
