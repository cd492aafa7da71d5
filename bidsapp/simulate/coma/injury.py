"""Where and how much a brain is hurt, by cause: trauma, lack of oxygen, stroke.

The patterns are those that textbooks and series describe, drawn with chance; they are no model of physics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from bidsapp.simulate.coma.head import Head
from bidsapp.simulate.coma.network import Mask, territory
from bidsapp.simulate.fields import Array, smooth_field

Etiology = Literal["trauma", "anoxia", "stroke"]
ETIOLOGIES: tuple[Etiology, ...] = get_args(Etiology)
_FIELD_MM = 12.0
_EDGE_MM = 4.0


def draw_injury(
    head: Head,
    etiology: Etiology,
    severity: float,
    rng: np.random.Generator,
    outlines: Sequence[Mask] = (),
) -> Array:
    """Draw the injury of one patient.

    Parameters
    ----------
    head
        Whose brain it is.
    etiology
        ``trauma``: axons of white matter, brain stem and midline, with contusions of frontal and temporal
        lobes. ``anoxia``: cortex, most of all posterior, basal ganglia and thalamus. ``stroke``: one lesion,
        in a hemisphere or (every third) in thalamus or brain stem, and what its pressure does to those.
    severity
        0 to 1.
    rng
        Source of randomness.
    outlines
        Lesion masks of real patients on the head's grid; one of them is used for a stroke, if there are any.

    Returns
    -------
    numpy.ndarray
        Share of function lost in each voxel, 0-1, float32; zero outside of the brain.
    """
    if etiology == "stroke" and outlines:
        lesion = outlines[int(rng.integers(len(outlines)))]
        return np.asarray(lesion * head.brain * np.float32(rng.uniform(0.7, 1.0)), dtype=np.float32)
    injury = _MAKERS[etiology](head, severity, rng)
    return np.asarray(np.clip(injury, 0, 1) * head.brain, dtype=np.float32)


def _trauma(head: Head, severity: float, rng: np.random.Generator) -> Array:
    field = smooth_field(head.gm.shape, _FIELD_MM / _voxel_mm(head), rng)
    x = _millimetres(head)[0]
    midline = np.exp(-((x / 20.0) ** 2)).astype(np.float32)
    diffuse = head.wm * (0.25 + 0.35 * midline)
    for name, share in (("brainstem", 0.9), ("thalamus", 0.8), ("basal_ganglia", 0.4)):
        diffuse += territory(head, name) * np.float32(share * rng.beta(2.0, 2.0))
    injury: Array = np.float32(severity) * diffuse * (1.0 + 0.4 * field)
    for _ in range(1 + rng.poisson(2 * severity)):
        place = _voxel_of(territory(head, "contusion"), rng)
        injury = np.maximum(injury, _blob(head, place, rng.uniform(6, 8 + 14 * severity), rng))
    return injury


def _anoxia(head: Head, severity: float, rng: np.random.Generator) -> Array:
    field = smooth_field(head.gm.shape, _FIELD_MM / _voxel_mm(head), rng)
    vulnerable = np.zeros_like(head.gm)
    for name, share, spread in (
        ("cortex", 0.5, 0.3),
        ("posterior", 0.8, 0.4),
        ("basal_ganglia", 1.0, 0.5),
        ("thalamus", 0.8, 0.6),
        ("brainstem", 0.25, 0.2),
    ):
        vulnerable[territory(head, name)] = max(0.0, share + rng.normal(0, spread / 2))
    injury: Array = np.float32(severity) * vulnerable * (1.0 + 0.3 * field)
    return injury


def _stroke(head: Head, severity: float, rng: np.random.Generator) -> Array:
    deep = territory(head, "thalamus") | territory(head, "brainstem")
    if rng.random() < 1 / 3:
        lesion = _blob(head, _voxel_of(deep, rng), rng.uniform(6, 8 + 14 * severity), rng)
    else:
        hemisphere = (head.gm + head.wm > 0.8) & ~deep
        lesion = _blob(head, _voxel_of(hemisphere, rng), rng.uniform(12, 20 + 35 * severity), rng)
    pressure = np.float32(severity * rng.beta(2.0, 2.0))
    return np.maximum(lesion, pressure * deep)


_MAKERS: Mapping[Etiology, Callable[[Head, float, np.random.Generator], Array]] = MappingProxyType(
    {"trauma": _trauma, "anoxia": _anoxia, "stroke": _stroke}
)


def _blob(head: Head, place: tuple[int, int, int], radius_mm: float, rng: np.random.Generator) -> Array:
    """Draw a lesion with a ragged outline and a soft edge around a voxel, within one half of the brain."""
    field = smooth_field(head.gm.shape, 8.0 / _voxel_mm(head), rng)
    mm = _millimetres(head)
    centre = [axis.ravel()[index] for axis, index in zip(mm, place, strict=True)]
    distance = np.sqrt(sum((axis - of) ** 2 for axis, of in zip(mm, centre, strict=True)))
    distance = distance * np.exp(0.25 * field)
    edge = np.clip((radius_mm - distance) / np.float32(_EDGE_MM) + 0.5, 0, 1)
    side = mm[0] * np.sign(centre[0]) > -_EDGE_MM
    lesion: Array = (edge * side * rng.uniform(0.7, 1.0)).astype(np.float32)
    return lesion


def _voxel_of(mask: Mask, rng: np.random.Generator) -> tuple[int, int, int]:
    inside = np.flatnonzero(mask)
    x, y, z = np.unravel_index(inside[rng.integers(inside.size)], mask.shape)
    return int(x), int(y), int(z)


def _millimetres(head: Head) -> tuple[Array, Array, Array]:
    """Give the MNI position (mm) along each axis, ready to broadcast."""
    axes = np.ogrid[tuple(slice(0, size) for size in head.gm.shape)]
    scale, start = head.grid.affine.diagonal(), head.grid.affine[:3, 3]
    x, y, z = ((axis * scale[i] + start[i]).astype(np.float32) for i, axis in enumerate(axes))
    return x, y, z


def _voxel_mm(head: Head) -> float:
    return float(head.grid.voxel_size[0])
