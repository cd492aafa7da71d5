"""Lesions of known place, size and contrast: the truth against which detection is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import UsageError
from bidsapp.simulate.fields import Array, smooth_field


@dataclass(frozen=True)
class Implant:
    """A volume with a lesion in it, and what is true of the lesion.

    Attributes
    ----------
    volume : numpy.ndarray
        The given volume with the lesion, float32.
    fraction : numpy.ndarray
        Share of each voxel that is lesion, in 0-1; the border is soft.
    mask : numpy.ndarray
        Voxels of which at least half is lesion.
    """

    volume: Array
    fraction: Array
    mask: NDArray[np.bool_]


def implant(
    volume: NDArray[np.floating],
    tissue: NDArray[np.bool_],
    *,
    size_mm: float,
    contrast: float,
    voxel_size: float | Sequence[float] = 1.0,
    centre: Sequence[float] | None = None,
    edge_mm: float = 1.5,
    irregularity: float = 0.2,
    rng: np.random.Generator | None = None,
) -> Implant:
    """Implant one lesion into a volume, inside of a tissue mask.

    Parameters
    ----------
    volume : numpy.ndarray
        Image, shape ``(x, y, z)``; it is not changed.
    tissue : numpy.ndarray
        Where a lesion can be, shape of ``volume``: white matter, cortex, or the brain.
    size_mm : float
        Diameter in mm of the sphere that has the lesion's volume. Where tissue ends the lesion
        grows the other way, so that the volume of the mask is right to a voxel.
    contrast : float
        Change of intensity in the lesion as a share of the tissue's median: -0.3 makes it 30 %
        darker than the median. Added to what is there, so texture and noise stay.
    voxel_size : float or sequence of float
        Edges of a voxel in mm.
    centre : sequence of float, optional
        Voxel from which the lesion grows; moved to the nearest voxel of tissue. By default one
        is drawn uniformly from the tissue.
    edge_mm : float
        Width of the soft border: from no lesion to all lesion.
    irregularity : float
        Relative roughness of the outline; 0 gives a sphere where tissue permits.
    rng : numpy.random.Generator, optional
        Source of randomness; needed unless ``centre`` is given and ``irregularity`` is 0.

    Returns
    -------
    Implant
        The volume with the lesion, its fraction and its mask.

    Raises
    ------
    bidsapp.errors.UsageError
        The tissue is smaller than the lesion, or randomness is asked for without ``rng``.
    """
    if rng is None and (centre is None or irregularity > 0):
        raise UsageError(
            "An implanted lesion without centre, or with an irregular outline, needs a random generator."
        )
    edges = np.broadcast_to(np.asarray(voxel_size, dtype=np.float64), (3,))
    start = _draw(tissue, rng) if centre is None else centre
    distance = distance_to(nearest(tissue, start, edges), tissue.shape, edges)
    if rng is not None and irregularity > 0:
        distance = roughen(distance, irregularity, float(size_mm / 4 / edges.mean()), rng)
    fraction = grow(distance, tissue, size_mm=size_mm, voxel_mm3=float(edges.prod()), edge_mm=edge_mm)
    typical = float(np.median(volume[tissue]))
    changed = volume.astype(np.float32) + np.float32(contrast * typical) * fraction
    return Implant(changed, fraction, fraction >= 0.5)


def _draw(tissue: NDArray[np.bool_], rng: np.random.Generator | None) -> Sequence[float] | NDArray[np.intp]:
    """Draw a voxel of the tissue; the first of the grid where there is none."""
    assert rng is not None
    voxels = np.argwhere(tissue)
    return voxels[rng.integers(len(voxels))] if len(voxels) else (0, 0, 0)


def grow(
    distance: Array, tissue: NDArray[np.bool_], *, size_mm: float, voxel_mm3: float, edge_mm: float
) -> Array:
    """Fill tissue outwards along a distance until the volume of a sphere is reached.

    Parameters
    ----------
    distance : numpy.ndarray
        Distance in mm from the seed; any shape that grows outwards gives a lesion of that shape.
    tissue : numpy.ndarray
        Where the lesion may be, same shape.
    size_mm : float
        Diameter in mm of the sphere of equal volume.
    voxel_mm3 : float
        Volume of a voxel.
    edge_mm : float
        Width of the soft border, in units of ``distance``.

    Returns
    -------
    numpy.ndarray
        Fraction of lesion in each voxel; ``fraction >= 0.5`` has the wanted volume to a voxel.

    Raises
    ------
    bidsapp.errors.UsageError
        There is less tissue than lesion, or the lesion is smaller than a voxel.
    """
    count = round(math.pi / 6 * size_mm**3 / voxel_mm3)
    distance = distance + _tie_break(distance.shape)
    candidates = distance[tissue]
    if not 1 <= count <= candidates.size:
        raise UsageError(
            f"A lesion of {size_mm:g} mm takes {count} voxels, but the tissue mask has {candidates.size}; "
            "choose another size or tissue."
        )
    reach = np.partition(candidates, count - 1)[count - 1]
    soft = 0.5 + (reach - distance) / np.float32(max(edge_mm, 1e-3))
    fraction: Array = np.where(tissue, np.clip(soft, 0, 1), 0).astype(np.float32)
    return fraction


def _tie_break(shape: tuple[int, ...]) -> Array:
    """At most a micrometre for each voxel, scattered evenly, so that no two are equally far away."""
    golden = (np.arange(math.prod(shape), dtype=np.float64) * 0.6180339887498949) % 1
    scattered: Array = (1e-3 * golden).astype(np.float32).reshape(shape)
    return scattered


def nearest(
    tissue: NDArray[np.bool_], centre: Sequence[float] | NDArray[np.integer], edges: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Give the voxel of the tissue nearest to ``centre``; the centre itself where there is no tissue."""
    voxels = np.argwhere(tissue)
    if not len(voxels):
        return np.asarray(centre, dtype=np.intp)
    offset = (voxels - np.asarray(centre, dtype=np.float64)) * edges
    found: NDArray[np.intp] = voxels[np.argmin((offset**2).sum(axis=1))]
    return found


def distance_to(voxel: NDArray[np.intp], shape: tuple[int, ...], edges: NDArray[np.float64]) -> Array:
    """Give the distance of each voxel from one, in mm; ``edges`` are those of a voxel."""
    axes = np.ogrid[: shape[0], : shape[1], : shape[2]]
    squares = [((axis - at) * edge) ** 2 for axis, at, edge in zip(axes, voxel, edges, strict=True)]
    distance: Array = np.sqrt(squares[0] + squares[1] + squares[2]).astype(np.float32)
    return distance


def roughen(distance: Array, irregularity: float, sigma: float, rng: np.random.Generator) -> Array:
    """Make an outline uneven: distances times the exponential of a smooth field of ``sigma`` voxels."""
    rough: Array = distance * np.exp(np.float32(irregularity) * smooth_field(distance.shape, sigma, rng))
    return rough
