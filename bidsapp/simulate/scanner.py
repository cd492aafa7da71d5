"""The scanner: what each tissue looks like in a contrast, and what coils, noise and thick slices do to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.simulate.anatomy import Anatomy
from bidsapp.simulate.fields import Array, smooth_field, upsample
from bidsapp.simulate.head import Material


@dataclass(frozen=True)
class Contrast:
    """Intensities of one contrast, white matter in T1w being 1.

    Attributes
    ----------
    name : str
        Name, also the key by which lesions look up their intensity.
    gm, wm, csf : float
        Intensities in the brain.
    texture : float
        Weight of the real T1w average's texture.
    outside : dict
        Intensity of each `Material`; what is absent is 0 (air).
    """

    name: str
    gm: float
    wm: float
    csf: float
    texture: float
    outside: dict[Material, float] = field(default_factory=dict)


T1W = Contrast(
    "T1w",
    gm=0.70,
    wm=1.0,
    csf=0.28,
    texture=1.0,
    outside={
        Material.SKIN: 0.62,
        Material.FAT: 1.25,
        Material.MUSCLE: 0.52,
        Material.BONE: 0.10,
        Material.MARROW: 0.72,
        Material.VITREOUS: 0.24,
        Material.CSF: 0.24,
        Material.CORD: 0.92,
        Material.VESSEL: 0.45,
        Material.MUCOSA: 0.55,
    },
)
CE_T1W = Contrast(
    "ceT1w",
    gm=0.74,
    wm=1.02,
    csf=0.30,
    texture=1.0,
    outside=T1W.outside
    | {Material.VESSEL: 1.75, Material.MUCOSA: 1.20, Material.CSF: 0.34, Material.SKIN: 0.70},
)
FLAIR = Contrast(
    "FLAIR",
    gm=0.86,
    wm=0.68,
    csf=0.12,
    texture=-0.15,
    outside={
        Material.SKIN: 0.45,
        Material.FAT: 0.70,
        Material.MUSCLE: 0.32,
        Material.BONE: 0.06,
        Material.MARROW: 0.42,
        Material.VITREOUS: 0.10,
        Material.CSF: 0.12,
        Material.CORD: 0.66,
        Material.VESSEL: 0.20,
        Material.MUCOSA: 0.70,
    },
)


def render_brain(anatomy: Anatomy, contrast: Contrast) -> Array:
    """Mix the intensities of brain tissue; shape of the anatomy, white matter in T1w being 1."""
    image: Array = (
        np.float32(contrast.gm) * anatomy.gm
        + np.float32(contrast.wm) * anatomy.wm
        + np.float32(contrast.csf) * anatomy.csf
        + np.float32(contrast.texture) * anatomy.texture * (anatomy.gm + anatomy.wm)
    )
    return image


def add_surroundings(brain: Array, anatomy: Anatomy, contrast: Contrast, rng: np.random.Generator) -> Array:
    """Put an image of the brain into its skull, scalp, face and neck.

    Parameters
    ----------
    brain : numpy.ndarray
        Intensities within the brain, lesions included.
    anatomy : Anatomy
        The head.
    contrast : Contrast
        Intensities outside of the brain.
    rng : numpy.random.Generator
        Draws a texture of soft tissue.
    """
    table = np.zeros(len(Material), dtype=np.float32)
    for material, value in contrast.outside.items():
        table[material] = value
    shell = table[anatomy.outside]
    coarse = smooth_field(_coarse(brain.shape, 2), 1.0, rng)
    shell *= 1 + 0.12 * upsample(coarse, _triple(brain.shape), 2)
    shell = ndimage.gaussian_filter(shell, 0.55)
    image: Array = anatomy.brain * brain + (1 - anatomy.brain) * shell
    return image


@dataclass(frozen=True)
class Grid:
    """A grid of acquisition: shape in voxels and 4x4 affine to world (mm, RAS+)."""

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]


def acquire(image: Array, affine: NDArray[np.float64], grid: Grid, *, slice_samples: int = 1) -> Array:
    """Sample an image on the grid of an acquisition, averaging over the thickness of its slices.

    Parameters
    ----------
    image : numpy.ndarray
        Image in a finer space, shape ``(x, y, z)``.
    affine : numpy.ndarray
        4x4 affine of ``image``, voxel to world.
    grid : Grid
        Where to sample; slices are stacked along the last axis.
    slice_samples : int
        Points averaged over the thickness of each slice (a box profile).
    """
    step = np.diag([1.0, 1.0, 1.0 / slice_samples, 1.0])
    step[2, 3] = -(1 - 1 / slice_samples) / 2
    mapping = np.linalg.inv(affine) @ grid.affine @ step
    shape = (grid.shape[0], grid.shape[1], grid.shape[2] * slice_samples)
    fine = ndimage.affine_transform(image, mapping[:3, :3], mapping[:3, 3], shape, order=1, prefilter=False)
    sampled: Array = fine.reshape(*grid.shape, slice_samples).mean(axis=3)
    return sampled


def expose(
    image: Array, voxel_size: Sequence[float], rng: np.random.Generator, *, noise: float, bias: float
) -> Array:
    """Apply the receive coil's bias field and Rician noise.

    Parameters
    ----------
    image : numpy.ndarray
        True magnitude, shape ``(x, y, z)``, white matter in T1w being 1.
    voxel_size : sequence of float
        Edges of a voxel in mm.
    rng : numpy.random.Generator
        Source of randomness.
    noise : float
        Standard deviation of the noise in each of the two channels.
    bias : float
        Standard deviation of the logarithm of the bias field.

    Returns
    -------
    numpy.ndarray
        Measured magnitude, float32, never negative.
    """
    stride = 8
    coarse_mm = stride * float(np.mean(voxel_size))
    field = smooth_field(_coarse(image.shape, stride), 55 / coarse_mm, rng)
    gain = np.exp(np.float32(bias) * upsample(field, _triple(image.shape), stride))
    real = image * gain + np.float32(noise) * rng.standard_normal(image.shape, dtype=np.float32)
    imaginary = np.float32(noise) * rng.standard_normal(image.shape, dtype=np.float32)
    measured: Array = np.hypot(real, imaginary)
    return measured


def _triple(shape: tuple[int, ...]) -> tuple[int, int, int]:
    return (shape[0], shape[1], shape[2])


def _coarse(shape: tuple[int, ...], stride: int) -> tuple[int, int, int]:
    return (-(-shape[0] // stride) + 1, -(-shape[1] // stride) + 1, -(-shape[2] // stride) + 1)
