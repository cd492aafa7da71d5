"""Check what the caller gives, once, and cut it to the brain: a head is mostly air."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import UsageError
from bidsapp.simulate.abnormal.model import Mask
from bidsapp.simulate.fields import Array

Box = tuple[slice, slice, slice]
#: Room around the brain in mm; beyond the reach of the PET camera's blur.
_MARGIN_MM = 12.0


def as_float32(volumes: Mapping[str, NDArray[np.generic]]) -> dict[str, Array]:
    """Give the volumes as float32; one that is float32 already stays the same array."""
    return {name: np.asarray(volume, dtype=np.float32) for name, volume in volumes.items()}


def voxel_edges(voxel_size: float | Sequence[float]) -> NDArray[np.float64]:
    """Give the three edges of a voxel in mm."""
    return np.broadcast_to(np.asarray(voxel_size, dtype=np.float64), (3,)).copy()


def check_grid(volumes: Mapping[str, NDArray[np.generic]]) -> None:
    """Refuse volumes that are not on one grid of three axes."""
    shapes = {name: volume.shape for name, volume in volumes.items()}
    first = next(iter(shapes.values()), ())
    for name, shape in shapes.items():
        if shape != first or len(shape) != 3:
            raise UsageError(f"The volumes are not on one grid: {name} has the shape {shape}, not {first}.")


def as_region(region: NDArray[np.generic] | None, shape: tuple[int, ...]) -> Mask | None:
    """Give the region as boolean array, on the grid of the volumes."""
    if region is None:
        return None
    if region.shape != shape:
        raise UsageError(f"The region has the shape {region.shape}, the volumes have {shape}.")
    return np.asarray(region) > 0.5


def check_strength(strength: float) -> None:
    """Refuse a strength outside of 0-1."""
    if not 0 <= strength <= 1:
        raise UsageError(f"The strength of an abnormality is from 0 to 1, not {strength:g}.")


def box_of(mask: NDArray[np.generic], edges: NDArray[np.float64]) -> Box:
    """Give the box of the brain with 12 mm around it, within the grid."""
    inside = np.asarray(mask) > 0.5
    if not inside.any():
        raise UsageError("The brain mask is empty, so there is no place for an abnormality.")
    margin = np.ceil(_MARGIN_MM / edges).astype(int)
    spans = []
    for axis, room in enumerate(margin):
        planes = np.flatnonzero(inside.any(axis=tuple(other for other in range(3) if other != axis)))
        spans.append(slice(max(int(planes[0] - room), 0), int(planes[-1] + room + 1)))
    return spans[0], spans[1], spans[2]


def paste(part: Array, whole: Array, box: Box) -> Array:
    """Give a copy of the whole with the part in its box."""
    pasted = whole.copy()
    pasted[box] = part
    return pasted


def shift(place: Sequence[float] | None, box: Box) -> tuple[float, ...] | None:
    """Give a place of the whole grid in voxels of the box."""
    if place is None:
        return None
    return tuple(float(at - span.start) for at, span in zip(place, box, strict=True))
