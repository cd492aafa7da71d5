"""The transmantle sign of focal cortical dysplasia: bright on FLAIR from the cortex to the ventricle.

Barkovich et al., Focal transmantle dysplasia, Neurology 1997, 49:1148-1152.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.errors import UsageError
from bidsapp.simulate.abnormal.growth import fill, inner_cortex, seed_in
from bidsapp.simulate.abnormal.model import (
    TISSUES,
    Change,
    Mask,
    Request,
    Volumes,
    brain_of,
    parenchyma_of,
    require,
    require_mri,
    tell,
)
from bidsapp.simulate.abnormal.tissues import add_signal
from bidsapp.simulate.fields import Array

#: The T1w darkens by this share of what FLAIR and T2w brighten.
T1W_SHARE = 0.25
_DEEP_MM = 20.0
_TAPER = 0.7
_WHITE_PATH = 0.8
_TRIES = 200


def hyperintensity(volumes: Volumes, request: Request) -> Change:
    """Brighten FLAIR and T2w along a funnel, wide at the cortex and narrow at the ventricle.

    FLAIR and T2w rise by ``strength`` of their signal there, T1w falls by a quarter of it.
    """
    require(volumes, "mask", *TISSUES)
    require_mri(volumes)
    ventricle = deep_fluid(volumes, request.edges)
    cortex, deep = _path(volumes, ventricle, request)
    funnel = _funnel_distance(cortex, deep, ventricle.shape, request.edges)
    fraction = fill(funnel, parenchyma_of(volumes), request)
    if not (ndimage.binary_dilation(ventricle, iterations=2) & (fraction >= 0.5)).any():
        raise UsageError(
            f"A transmantle lesion of {request.size_mm:g} mm does not reach from cortex to ventricle here; "
            "choose a larger size."
        )
    rise, fall = request.strength, T1W_SHARE * request.strength
    relative = {"FLAIR": rise, "T2w": rise, "T1w": -fall}
    changed = add_signal(volumes, relative, fraction, request.edges)
    return Change(changed, fraction, tell(relative, volumes))


def deep_fluid(volumes: Volumes, edges: NDArray[np.float64]) -> Mask:
    """Give the ventricles: the largest connected fluid at least 20 mm below the surface of the brain mask.

    Deep cisterns that touch the third ventricle come with it; a path through white matter leads to the
    lateral ventricles all the same.

    Raises
    ------
    bidsapp.errors.UsageError
        There is no fluid so deep.
    """
    padded = np.pad(brain_of(volumes), 1)
    depth = ndimage.distance_transform_edt(padded, sampling=edges)[1:-1, 1:-1, 1:-1]
    labels, count = ndimage.label((volumes["CSF"] >= 0.5) & (depth >= _DEEP_MM))
    if count == 0:
        raise UsageError("No ventricle was found 20 mm below the surface of the brain.")
    deep: Mask = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    return deep


def _path(volumes: Volumes, ventricle: Mask, request: Request) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Choose a place in the cortex from which a straight line through white matter meets the ventricle."""
    candidates = inner_cortex(volumes)
    wall = np.argwhere(ventricle)
    for _ in range(1 if request.place is not None else _TRIES):
        cortex = seed_in(candidates, request)
        square = (((wall - cortex) * request.edges) ** 2).sum(axis=1)
        deep: NDArray[np.intp] = wall[np.argmin(square)]
        if _white_share(volumes["WM"], cortex, deep) >= _WHITE_PATH:
            return cortex, deep
    raise UsageError(
        "No straight path through white matter leads from this cortex to the ventricle; choose another place."
    )


def _white_share(white: Array, cortex: NDArray[np.intp], deep: NDArray[np.intp]) -> float:
    """Share of white matter along a line, without the tenth at either end."""
    along = np.linspace(0.1, 0.9, 41)[:, None]
    points = np.rint(cortex + along * (deep - cortex)).astype(np.intp)
    return float(np.mean(white[tuple(points.T)] >= 0.5))


def _funnel_distance(
    cortex: NDArray[np.intp], deep: NDArray[np.intp], shape: tuple[int, ...], edges: NDArray[np.float64]
) -> Array:
    """Distance from the line, in units of the funnel's width there; 0 within a voxel of the line."""
    axis = (deep - cortex) * edges
    grid = np.ogrid[: shape[0], : shape[1], : shape[2]]
    offset = [(line - start) * edge for line, start, edge in zip(grid, cortex, edges, strict=True)]
    along = sum(part * step for part, step in zip(offset, axis, strict=True)) / float(axis @ axis)
    along = np.clip(along, 0, 1)
    square = sum((part - along * step) ** 2 for part, step in zip(offset, axis, strict=True))
    radius = np.maximum(np.sqrt(square) - edges.max(), 0)
    distance: Array = (radius / (1 - _TAPER * along)).astype(np.float32)
    return distance
