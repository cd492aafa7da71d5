"""A simulated person: what stays the same from scan to scan, and how the head lies in the scanner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from bidsapp.simulate.fields import Array, diffeomorphism, smooth_field
from bidsapp.simulate.head import HEAD_SHAPE, HEAD_VOXEL

#: Spacing in mm of the grid (origin as the drawn head) of displacement and skull, and of folds.
COARSE_MM = 4.0
FOLDS_MM = 3.0


@dataclass(frozen=True)
class Person:
    """What stays the same between two scans of one simulated person.

    Attributes
    ----------
    linear : numpy.ndarray
        3x3 matrix from the person's head (mm) to the template (mm): size and shear.
    displacement : numpy.ndarray
        Diffeomorphic displacement, shape ``(3, x, y, z)``, mm, on a 4 mm grid.
    folds : numpy.ndarray
        Two fields of unit variance on a 3 mm template grid that move the borders of
        grey matter towards CSF and towards white matter.
    skull : numpy.ndarray
        Field of unit variance on the 4 mm grid: thickness of skull and scalp.
    atrophy : float
        Shift of the log-odds of CSF against tissue.
    """

    linear: NDArray[np.float64]
    displacement: Array
    folds: Array
    skull: Array
    atrophy: float


@dataclass(frozen=True)
class Pose:
    """Rigid position of the head in the scanner: world = rotation @ (head - centre) + shift."""

    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]


def draw_person(rng: np.random.Generator, *, age: float, sex: str) -> Person:
    """Draw the anatomy of one person.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    age : float
        Years; older brains have wider sulci and ventricles.
    sex : str
        ``"M"`` or ``"F"``; male heads are 4 % larger in each direction on average.
    """
    # The ICBM average is larger than most heads: 1.9 litres with ventricles and sulci.
    size = (0.95 if sex == "M" else 0.91) * (1 + 0.02 * rng.standard_normal(3))
    shear = 0.01 * rng.standard_normal((3, 3))
    linear = np.linalg.inv(np.diag(size) + shear - np.diag(np.diag(shear))).astype(np.float64)
    shape = _coarse_shape(COARSE_MM)
    broad = np.stack([smooth_field(shape, 24 / COARSE_MM, rng) for _ in range(3)])
    fine = np.stack([smooth_field(shape, 9 / COARSE_MM, rng) for _ in range(3)])
    velocity: Array = np.float32(3.0 / COARSE_MM) * broad + np.float32(1.1 / COARSE_MM) * fine
    displacement: Array = np.float32(COARSE_MM) * diffeomorphism(velocity)
    folds = np.stack([smooth_field(_coarse_shape(FOLDS_MM), 1.1, rng) for _ in range(2)])
    skull = smooth_field(shape, 16 / COARSE_MM, rng)
    return Person(
        linear, displacement, folds, skull, 0.012 * (age - 45) + 0.15 * float(rng.standard_normal())
    )


def draw_pose(rng: np.random.Generator, *, degrees: float = 4.0, mm: float = 5.0) -> Pose:
    """Draw how a head lies in the scanner: standard deviations of rotation and shift about each axis."""
    turn = Rotation.from_euler("xyz", degrees * rng.standard_normal(3), degrees=True)
    return Pose(turn.as_matrix(), mm * rng.standard_normal(3))


def _coarse_shape(mm: float) -> tuple[int, int, int]:
    extent = np.array(HEAD_SHAPE) * HEAD_VOXEL / mm
    return (int(extent[0]) + 1, int(extent[1]) + 1, int(extent[2]) + 1)
