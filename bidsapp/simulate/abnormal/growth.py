"""Where an abnormality starts and how it grows: seed, uneven outline, exact volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.errors import UsageError
from bidsapp.simulate.abnormal.model import Mask, Request, Volumes, brain_of
from bidsapp.simulate.fields import Array
from bidsapp.simulate.lesions import distance_to, grow, nearest, roughen

_EDGE_MM = 3.0
_IRREGULARITY = 0.2


def seed_in(candidates: Mask, request: Request) -> NDArray[np.intp]:
    """Choose the voxel in which an abnormality starts.

    Parameters
    ----------
    candidates : numpy.ndarray
        Where it may start; the region of the request limits it further.
    request : Request
        With ``place``, the candidate nearest to it is taken, else one is drawn.

    Raises
    ------
    bidsapp.errors.UsageError
        No candidate is in the region.
    """
    if request.region is not None:
        candidates = candidates & request.region
    if not candidates.any():
        raise UsageError("There is no place for this abnormality in the region and tissue given.")
    if request.place is not None:
        return nearest(candidates, request.place, request.edges)
    voxels = np.argwhere(candidates)
    seed: NDArray[np.intp] = voxels[request.rng.integers(len(voxels))]
    return seed


def grow_from(seed: NDArray[np.intp], tissue: Mask, request: Request) -> Array:
    """Grow from a seed through a tissue to the volume of a sphere of ``size_mm``; the outline is uneven."""
    return fill(distance_to(seed, tissue.shape, request.edges), tissue, request)


def fill(distance: Array, tissue: Mask, request: Request) -> Array:
    """Fill tissue along a distance, made uneven, to the volume of a sphere of ``size_mm``."""
    sigma = float(request.size_mm / 4 / request.edges.mean())
    rough = roughen(distance, _IRREGULARITY, sigma, request.rng)
    return grow(
        rough, tissue, size_mm=request.size_mm, voxel_mm3=float(request.edges.prod()), edge_mm=_EDGE_MM
    )


def inner_cortex(volumes: Volumes) -> Mask:
    """Give the grey-matter voxels that touch white matter.

    The border of deep nuclei counts too: give a region where only the cortex is meant.
    """
    white = brain_of(volumes) & (volumes["WM"] >= 0.5)
    touching: Mask = ndimage.binary_dilation(white) & brain_of(volumes) & (volumes["GM"] >= 0.5)
    return touching


def distance_from(tissue: Mask, edges: NDArray[np.float64]) -> Array:
    """Give the distance in mm of each voxel from a tissue, 0 within."""
    if not tissue.any():
        raise UsageError("One of the tissue maps is empty, so there is no place for this abnormality.")
    distance: Array = ndimage.distance_transform_edt(~tissue, sampling=edges).astype(np.float32)
    return distance
