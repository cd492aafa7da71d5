"""FDG PET of a simulated head: uptake by tissue, then the camera's blur and noise, in Bq/mL."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.simulate.anatomy import Anatomy
from bidsapp.simulate.fields import Array, smooth_field
from bidsapp.simulate.head import Material
from bidsapp.simulate.scanner import Contrast, Grid, acquire

#: Uptake relative to grey matter; grey to white is 4 to 1 before the camera blurs it.
FDG = Contrast(
    "FDG",
    gm=1.0,
    wm=0.25,
    csf=0.04,
    texture=0.0,
    outside={
        Material.SKIN: 0.10,
        Material.FAT: 0.05,
        Material.MUSCLE: 0.14,
        Material.BONE: 0.06,
        Material.MARROW: 0.15,
        Material.VITREOUS: 0.08,
        Material.CSF: 0.04,
        Material.CORD: 0.25,
        Material.VESSEL: 0.20,
        Material.MUCOSA: 0.22,
    },
)
_FWHM_TO_SIGMA = 1 / 2.354820045


@dataclass(frozen=True)
class Dose:
    """What was injected: activity in MBq, body weight in kg, and the SUV of grey matter."""

    activity_mbq: float
    weight_kg: float
    grey_suv: float = 8.0

    @property
    def grey_bq_ml(self) -> float:
        """Activity concentration of grey matter in Bq/mL, decay-corrected to the injection."""
        return self.grey_suv * self.activity_mbq * 1e6 / (self.weight_kg * 1e3)


def regional_uptake(template_mm: Array) -> Array:
    """Relative uptake of grey matter by place: high in precuneus and striatum, low in the cerebellum.

    Parameters
    ----------
    template_mm : numpy.ndarray
        MNI position of each voxel in mm, shape ``(3, x, y, z)``.
    """
    x, y, z = template_mm
    gain = np.ones(x.shape, dtype=np.float32)
    for centre, width, change in (
        ((0.0, -60.0, 30.0), 18.0, 0.15),
        ((24.0, 4.0, 4.0), 14.0, 0.15),
        ((10.0, -88.0, 4.0), 20.0, 0.10),
        ((24.0, -20.0, -20.0), 14.0, -0.15),
    ):
        square = (np.abs(x) - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2
        gain += np.float32(change) * np.exp(-square / np.float32(2 * width**2))
    cerebellum = (y < -38) & (z < -18 + 0.3 * (y + 60))
    gain[cerebellum] *= np.float32(0.85)
    return gain


def scan_pet(
    uptake: Array,
    affine: NDArray[np.float64],
    grid: Grid,
    dose: Dose,
    rng: np.random.Generator,
    *,
    fwhm_mm: float = 6.0,
    noise: float = 0.06,
) -> Array:
    """Blur true uptake by the camera, sample it and add reconstruction noise.

    Parameters
    ----------
    uptake : numpy.ndarray
        True uptake relative to grey matter, shape ``(x, y, z)``.
    affine : numpy.ndarray
        4x4 affine of ``uptake``.
    grid : Grid
        Grid of the PET image.
    dose : Dose
        Sets the scale.
    rng : numpy.random.Generator
        Source of randomness.
    fwhm_mm : float
        Full width at half maximum of the camera's point spread, in mm.
    noise : float
        Standard deviation at the uptake of grey matter, relative; it grows with the root of the
        activity, as counts do, and is smooth, as reconstructed images are.

    Returns
    -------
    numpy.ndarray
        Activity concentration in Bq/mL, float32, never negative.
    """
    voxel_size = np.linalg.norm(affine[:3, :3], axis=0)
    blurred = ndimage.gaussian_filter(uptake, fwhm_mm * _FWHM_TO_SIGMA / voxel_size)
    sampled = acquire(blurred, affine, grid)
    speckle = smooth_field(grid.shape, 0.8, rng)
    noisy = sampled + np.float32(noise) * np.sqrt(np.clip(sampled, 0.002, None)) * speckle
    activity: Array = np.clip(noisy, 0, None) * np.float32(dose.grey_bq_ml)
    return activity


def true_uptake(brain_uptake: Array, anatomy: Anatomy) -> Array:
    """Put the uptake of the brain among that of the rest of the head."""
    table = np.zeros(len(Material), dtype=np.float32)
    for material, value in FDG.outside.items():
        table[material] = value
    uptake: Array = anatomy.brain * brain_uptake + (1 - anatomy.brain) * table[anatomy.outside]
    return uptake
