"""Abnormalities of known kind, size and strength in healthy heads: the truth for measuring detection.

Each kind changes all the volumes of a head together, so that images and tissue maps tell the same story.
What comes out is simulated and says so in its description.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import UsageError
from bidsapp.simulate.abnormal.cortical import atrophy, blur, thickening
from bidsapp.simulate.abnormal.focal import hypometabolism, spot
from bidsapp.simulate.abnormal.model import Abnormal, Change, Request, Volumes, require
from bidsapp.simulate.abnormal.parkinson import parkinson
from bidsapp.simulate.abnormal.prepare import (
    as_float32,
    as_region,
    box_of,
    check_grid,
    check_strength,
    paste,
    shift,
    voxel_edges,
)
from bidsapp.simulate.abnormal.shapes import implant_shape
from bidsapp.simulate.abnormal.transmantle import hyperintensity

__all__ = ["KINDS", "Abnormal", "abnormal", "implant_shape"]

_MAKERS: Mapping[str, Callable[[Volumes, Request], Change]] = MappingProxyType(
    {
        "blur": blur,
        "thickening": thickening,
        "hyperintensity": hyperintensity,
        "atrophy": atrophy,
        "nigral": parkinson,
        "striatal": parkinson,
        "hypometabolism": hypometabolism,
        "spot": spot,
    }
)
KINDS = tuple(_MAKERS)


def abnormal(
    kind: str,
    volumes: Mapping[str, NDArray[np.floating]],
    *,
    size_mm: float,
    strength: float,
    voxel_size: float | Sequence[float],
    rng: np.random.Generator,
    place: Sequence[float] | None = None,
    region: NDArray[np.generic] | None = None,
) -> Abnormal:
    """Put one abnormality into a healthy head.

    Parameters
    ----------
    kind : str
        One of ``KINDS``. What ``strength`` 1 is, smaller ones in proportion:

        - ``blur``: the grey-white border gives way wholly to one blurred by 3 mm (Gaussian sigma);
        - ``thickening``: the cortex is 4 mm thicker;
        - ``hyperintensity``: FLAIR and T2w twice as bright, T1w a quarter darker, from cortex to ventricle;
        - ``atrophy``: all grey matter is fluid;
        - ``nigral``, ``striatal``: T1w, T2w and FLAIR without signal on one side, half of it on the other;
        - ``hypometabolism``: no uptake of FDG in grey matter, before the camera's blur;
        - ``spot``: T1w without signal, FLAIR and T2w twice as bright.
    volumes : mapping of str to numpy.ndarray
        Arrays ``(x, y, z)`` on one grid: the images ``T1w``, ``FLAIR``, ``T2w`` and ``pet`` as far as
        they are there, the tissue probabilities ``GM``, ``WM`` and ``CSF``, and ``mask``, the brain.
        They are not changed.
    size_mm : float
        Diameter in mm of the sphere that has the volume of the mask; for ``nigral`` and ``striatal``
        of each side.
    strength : float
        From 0, which changes nothing, to 1.
    voxel_size : float or sequence of float
        Edges of a voxel in mm.
    rng : numpy.random.Generator
        Draws place and outline; the same state gives the same bytes.
    place : sequence of float, optional
        Voxel in which it starts; moved to the nearest one where it may. Drawn by default.
    region : numpy.ndarray, optional
        Where it may start. Needed for ``nigral`` and ``striatal``, which also stay within: the mask of
        both sides, from an atlas.

    Returns
    -------
    Abnormal
        The changed volumes, the fraction and mask of what is abnormal, and a description.

    Raises
    ------
    bidsapp.errors.UsageError
        The kind or strength is unknown, a needed volume is missing, or there is no place.
    """
    if kind not in _MAKERS:
        raise UsageError(f"The kind of abnormality {kind} is none of {', '.join(KINDS)}.")
    check_strength(strength)
    require(volumes, "mask")
    check_grid(volumes)
    head, edges = as_float32(volumes), voxel_edges(voxel_size)
    where = as_region(region, head["mask"].shape)
    box = box_of(head["mask"], edges)
    brain = {name: volume[box] for name, volume in head.items()}
    inside = None if where is None else where[box]
    change = _MAKERS[kind](brain, Request(size_mm, strength, edges, rng, shift(place, box), inside))
    changed = {name: paste(part, head[name], box) for name, part in change.volumes.items()}
    fraction = paste(change.fraction, np.zeros_like(head["mask"]), box)
    description = f"simulated {kind}, {size_mm:g} mm, strength {strength:g}: {change.meaning}"
    return Abnormal({**head, **changed}, fraction, fraction >= 0.5, description)
