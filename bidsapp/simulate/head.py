"""The drawn part of the average head: depth under the skin, and what fills face, skull base and neck.

No installed package carries a head with its skull, so it is drawn from ellipsoids (millimetres, MNI
space) and distances to the brain. Positions were set by eye on real T1w scans.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.simulate.fields import Array, smooth_field

#: World position (mm, MNI) of voxel (0, 0, 0) of the 2 mm grid on which the head is drawn.
HEAD_ORIGIN = (-110.0, -150.0, -170.0)
HEAD_SHAPE = (111, 141, 146)
HEAD_VOXEL = 2.0


class Material(IntEnum):
    """What fills a voxel outside of the brain."""

    AIR = 0
    SKIN = 1
    FAT = 2
    MUSCLE = 3
    BONE = 4
    MARROW = 5
    VITREOUS = 6
    CSF = 7
    CORD = 8
    VESSEL = 9
    MUCOSA = 10


def _mm() -> tuple[Array, Array, Array]:
    """World coordinates (mm, MNI) of the head's grid, ready to broadcast."""
    x, y, z = np.ogrid[: HEAD_SHAPE[0], : HEAD_SHAPE[1], : HEAD_SHAPE[2]]
    return tuple(  # type: ignore[return-value]
        (axis * HEAD_VOXEL + start).astype(np.float32)
        for axis, start in zip((x, y, z), HEAD_ORIGIN, strict=True)
    )


def brain_distance(brain: NDArray[np.bool_], origin: tuple[float, float, float]) -> Array:
    """Signed distance in mm to the surface of a 1 mm brain mask, negative inside, on the head's grid."""
    start = [(o - h) / 1.0 for o, h in zip(HEAD_ORIGIN, origin, strict=True)]
    coarse = ndimage.affine_transform(
        ndimage.gaussian_filter(brain.astype(np.float32), 1.0),
        np.full(3, HEAD_VOXEL),
        offset=start,
        output_shape=HEAD_SHAPE,
        order=1,
    )
    return _signed_distance(coarse > 0.5)


def _signed_distance(mask: NDArray[np.bool_]) -> Array:
    """Signed distance in mm to the border of ``mask``, negative inside."""
    outside = ndimage.distance_transform_edt(~mask) - ndimage.distance_transform_edt(mask)
    distance: Array = ndimage.gaussian_filter((outside * HEAD_VOXEL).astype(np.float32), 0.7)
    return distance


def _ellipsoid(centre: tuple[float, float, float], axes: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Points of the head's grid within an ellipsoid; mirrored to both sides when off the midline."""
    x, y, z = _mm()
    side = np.abs(x) - centre[0] if centre[0] else x
    inside: NDArray[np.bool_] = (
        (side / axes[0]) ** 2 + ((y - centre[1]) / axes[1]) ** 2 + ((z - centre[2]) / axes[2]) ** 2
    ) < 1
    return inside


def skin_depth(brain_distance: Array) -> Array:
    """Signed depth under the skin: cranium, face, nose, ears and neck, blended softly."""
    x, y, z = _mm()
    neck = ((x / 62) ** 2 + ((y + 32) / 60) ** 2 < 1) & (z < -45)
    head = (brain_distance < 15) | neck
    for centre, axes in (
        ((0.0, 40.0, -62.0), (66.0, 56.0, 62.0)),
        ((0.0, 45.0, -105.0), (48.0, 46.0, 40.0)),
        ((0.0, 92.0, -58.0), (15.0, 22.0, 20.0)),
        ((79.0, -22.0, -40.0), (9.0, 16.0, 28.0)),
    ):
        head |= _ellipsoid(centre, axes)
    soft = ndimage.gaussian_filter(head.astype(np.float32), 2.0, mode="nearest")
    return -_signed_distance(soft > 0.5)


def fill_head() -> NDArray[np.uint8]:
    """Materials of face, skull base and neck, painted in order."""
    x, y, z = _mm()
    rng = np.random.default_rng(2009)
    noise = smooth_field(HEAD_SHAPE, 2.0, rng)
    material = np.full(HEAD_SHAPE, Material.MUSCLE, dtype=np.uint8)
    material[(noise > 0.9) & (z < -30)] = Material.FAT
    _paint(material, Material.FAT, (((40.0, 55.0, -60.0), (22.0, 22.0, 30.0)),))
    _paint(material, Material.MARROW, (((0.0, 8.0, -52.0), (30.0, 22.0, 16.0)),))
    jaw = _ellipsoid((0.0, 25.0, -118.0), (52.0, 62.0, 14.0)) & ~_ellipsoid(
        (0.0, 22.0, -118.0), (40.0, 50.0, 40.0)
    )
    material[jaw & (y > 0)] = Material.BONE
    _paint(material, Material.FAT, (((33.0, 56.0, -36.0), (18.0, 24.0, 17.0)),))
    _paint(material, Material.VITREOUS, (((33.0, 66.0, -36.0), (12.5, 12.5, 12.5)),))
    _paint(
        material,
        Material.MUCOSA,
        (((0.0, 62.0, -62.0), (17.0, 34.0, 20.0)), ((0.0, 8.0, -100.0), (12.0, 9.0, 40.0))),
    )
    cavities = np.zeros(HEAD_SHAPE, dtype=bool)
    for centre, axes in (
        ((0.0, 62.0, -62.0), (15.0, 34.0, 18.0)),
        ((0.0, 8.0, -98.0), (9.0, 6.0, 36.0)),
        ((30.0, 50.0, -66.0), (12.0, 15.0, 14.0)),
        ((0.0, 24.0, -42.0), (11.0, 12.0, 9.0)),
        ((12.0, 82.0, -8.0), (11.0, 5.0, 9.0)),
    ):
        cavities |= _ellipsoid(centre, axes)
    material[cavities & (noise > -0.8)] = Material.AIR
    mastoid = _ellipsoid((54.0, -38.0, -48.0), (14.0, 16.0, 16.0))
    material[mastoid] = np.where(noise[mastoid] > 0, Material.AIR, Material.BONE)
    _spine(material, x, y, z)
    return material


def _spine(material: NDArray[np.uint8], x: Array, y: Array, z: Array) -> None:
    """Vertebral bodies with discs, and the cord in its canal, below the foramen magnum."""
    below = z < -64
    body = ((x / 15) ** 2 + ((y + 18) / 11) ** 2 < 1) & (z < -84)
    material[body] = Material.MARROW
    material[body & (np.mod(z, 18) < 5)] = Material.BONE
    material[((x / 14) ** 2 + ((y + 42) / 12) ** 2 < 1) & (z < -78)] = Material.BONE
    material[((x / 10) ** 2 + ((y + 42) / 8.5) ** 2 < 1) & below] = Material.CSF
    material[((x / 6) ** 2 + ((y + 42) / 5) ** 2 < 1) & below] = Material.CORD
    artery = ((np.abs(x) - 27) / 3) ** 2 + ((y - 2) / 3) ** 2 < 1
    material[artery & (z < -52)] = Material.VESSEL


def _paint(
    material: NDArray[np.uint8],
    value: Material,
    shapes: Iterable[tuple[tuple[float, float, float], tuple[float, float, float]]],
) -> None:
    for centre, axes in shapes:
        material[_ellipsoid(centre, axes)] = value
