"""Cuts planes out of a volume in world space, so that images on different grids lie exactly on each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Plane = Literal["axial", "coronal", "sagittal"]
PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
NORMAL: dict[Plane, int] = {"sagittal": 0, "coronal": 1, "axial": 2}
_RANGE: dict[Plane, tuple[float, float]] = {
    "axial": (0.2, 0.87),
    "coronal": (0.22, 0.78),
    "sagittal": (0.27, 0.73),
}
_ACROSS: dict[Plane, tuple[int, int]] = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}


@dataclass(frozen=True, eq=False)
class Volume:
    """A 3-D image: ``data`` (i, j, k) in float32 and ``affine`` (4, 4) from voxel to mm RAS."""

    data: NDArray[np.float32]
    affine: NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """Extent in mm RAS."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]


@dataclass(frozen=True)
class Cut:
    """One plane: its orientation and its position along the normal, mm RAS."""

    plane: Plane
    position: float

    @property
    def axis(self) -> str:
        """``x``, ``y`` or ``z``."""
        return "xyz"[NORMAL[self.plane]]


def world_box(mask: NDArray[np.bool_], affine: NDArray[np.float64], *, margin: float) -> Box | None:
    """Give the extent of the true voxels, widened by ``margin`` mm; ``None`` when there are none."""
    spans = []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        if used.size == 0:
            return None
        spans.append((float(used[0]), float(used[-1])))
    corners = np.array(np.meshgrid(*spans, indexing="ij")).reshape(3, -1)
    world = affine[:3, :3] @ corners + affine[:3, 3:]
    low, high = world.min(axis=1) - margin, world.max(axis=1) + margin
    return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def even_cuts(box: Box, plane: Plane, count: int) -> tuple[Cut, ...]:
    """Spread ``count`` planes evenly over a box, away from its faces."""
    axis = NORMAL[plane]
    low, high = box.low[axis], box.high[axis]
    shares = np.linspace(*_RANGE[plane], count) if count > 1 else np.array([0.5])
    return tuple(Cut(plane, float(round(low + share * (high - low)))) for share in shares)


def content_cuts(
    weights: NDArray[np.float64], origin: float, step: float, plane: Plane, count: int
) -> tuple[Cut, ...]:
    """Choose planes where there is most to see: quantiles of the content along the normal.

    Parameters
    ----------
    weights
        Amount of content at ``origin + step * index`` mm along the normal, shape (n,).
    """
    if weights.sum() <= 0:
        return ()
    cumulated = np.cumsum(weights) / weights.sum()
    shares = (np.arange(count) + 0.5) / count
    chosen = sorted({int(index) for index in np.searchsorted(cumulated, shares)})
    return tuple(Cut(plane, float(round(origin + step * index))) for index in chosen)


def profile(
    mask: NDArray[np.bool_], affine: NDArray[np.float64], box: Box, plane: Plane, step: float = 1.0
) -> tuple[NDArray[np.float64], float]:
    """Count true voxels along the normal of ``plane`` in bins of ``step`` mm; give also the first centre."""
    axis = NORMAL[plane]
    voxels = np.argwhere(mask)
    world = voxels @ affine[axis, :3] + affine[axis, 3]
    edges = np.arange(box.low[axis] - step / 2, box.high[axis] + step, step)
    counts, _ = np.histogram(world, bins=edges)
    return counts.astype(np.float64), float(edges[0] + step / 2)


def shape_of(box: Box, plane: Plane, pixel: float) -> tuple[int, int]:
    """Rows and columns of a picture of ``box`` with pixels of ``pixel`` mm."""
    across, up = _ACROSS[plane]
    return (
        max(1, round((box.high[up] - box.low[up]) / pixel)),
        max(1, round((box.high[across] - box.low[across]) / pixel)),
    )


def sample(volume: Volume, cut: Cut, box: Box, pixel: float, *, order: int = 1) -> NDArray[np.float32]:
    """Resample one plane, shape (rows, columns), in radiological convention.

    Axial and coronal planes have the subject's right on the left; sagittal planes have anterior on
    the left; the first row is anterior (axial) or superior. Outside of the image it is 0.
    """
    from scipy.ndimage import map_coordinates

    rows, columns = shape_of(box, cut.plane, pixel)
    across, up = _ACROSS[cut.plane]
    world = np.empty((3, rows, columns))
    world[NORMAL[cut.plane]] = cut.position
    world[across] = (box.high[across] - (np.arange(columns) + 0.5) * pixel)[None, :]
    world[up] = (box.high[up] - (np.arange(rows) + 0.5) * pixel)[:, None]
    inverse = np.linalg.inv(volume.affine)
    voxels = np.tensordot(inverse[:3, :3], world, axes=1) + inverse[:3, 3, None, None]
    result: NDArray[np.float32] = map_coordinates(
        volume.data, voxels, output=np.float32, order=order, mode="constant", cval=0.0
    )
    return result


def stack(volume: Volume, box: Box, pixel: float) -> NDArray[np.float32]:
    """Resample a box, shape (slices, rows, columns): axial planes of :func:`sample`, superior ones first.

    Its maximum over axis 0, 1 or 2 is an axial, coronal or sagittal projection, oriented as the slices are.
    """
    heights = box.high[2] - (np.arange(shape_of(box, "coronal", pixel)[0]) + 0.5) * pixel
    return np.stack([sample(volume, Cut("axial", float(z)), box, pixel) for z in heights])


def pixel_of(cut: Cut, box: Box, pixel: float, point: Iterable[float]) -> tuple[float, float]:
    """Give (column, row) of a point in mm RAS on the picture of ``cut``."""
    position = tuple(point)
    across, up = _ACROSS[cut.plane]
    return (box.high[across] - position[across]) / pixel, (box.high[up] - position[up]) / pixel
