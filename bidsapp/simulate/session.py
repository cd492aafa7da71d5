"""One visit of a simulated person: every image of it, and the truth about its lesions."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.simulate.anatomy import Anatomy, place
from bidsapp.simulate.fields import Array
from bidsapp.simulate.person import draw_person, draw_pose
from bidsapp.simulate.pet import FDG, Dose, regional_uptake, scan_pet, true_uptake
from bidsapp.simulate.plan import ImageName, PlannedSession, PlannedSubject
from bidsapp.simulate.planting import Lesion, plant, show_lesions
from bidsapp.simulate.scanner import (
    CE_T1W,
    FLAIR,
    T1W,
    Contrast,
    Grid,
    acquire,
    add_surroundings,
    expose,
    render_brain,
)

#: Injected activity of FDG in MBq.
ACTIVITY_MBQ = 185.0
_CONTRASTS: dict[ImageName, Contrast] = {"T1w": T1W, "ceT1w": CE_T1W, "FLAIR": FLAIR}


@dataclass(frozen=True)
class Scan:
    """An image as measured: data ``(x, y, z)`` on axes RAS, 4x4 affine to world in mm."""

    data: Array
    affine: NDArray[np.float64]


@dataclass(frozen=True)
class Visit:
    """What `scan_session` makes: images by name, lesions, and the brain mask in the T1w grid."""

    images: dict[ImageName, Scan]
    lesions: tuple[Lesion, ...]
    brain: NDArray[np.bool_]
    affine: NDArray[np.float64]


def generator(seed: int, *words: str) -> np.random.Generator:
    """Give a generator that depends on the seed and on words alone, not on what was drawn before."""
    return np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in words)])


def scan_session(
    subject: PlannedSubject,
    session: PlannedSession,
    kinds: dict[str, dict[str, float]],
    *,
    seed: int,
    voxel_size: float,
) -> Visit:
    """Simulate one visit of one subject.

    Parameters
    ----------
    subject, session : PlannedSubject, PlannedSession
        Whom and when.
    kinds : dict
        Intensity of each kind of lesion in each contrast.
    seed : int
        One seed for the whole dataset; each subject, visit and image draws from its own stream.
    voxel_size : float
        Edge of a T1w voxel in mm, and in-plane edge of FLAIR.
    """
    person = draw_person(generator(seed, subject.label), age=subject.age, sex=subject.sex)
    pose = draw_pose(generator(seed, subject.label, session.label, "pose"))
    anatomy = place(person, pose, voxel_size)
    lesions = plant(subject, session, anatomy, generator(seed, subject.label, "outline"))
    images: dict[ImageName, Scan] = {}
    for name in session.images:
        rng = generator(seed, subject.label, session.label, name)
        if name == "pet":
            images[name] = _scan_pet(anatomy, lesions, kinds, subject.weight, rng)
        else:
            images[name] = _scan_mri(name, anatomy, lesions, kinds, rng)
    return Visit(images, lesions, anatomy.brain >= 0.5, anatomy.affine)


def _moved(
    affine: NDArray[np.float64], rng: np.random.Generator, degrees: float, mm: float
) -> NDArray[np.float64]:
    """Where a grid lies in a head that has moved a little since the first scan."""
    pose = draw_pose(rng, degrees=degrees, mm=mm)
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = pose.rotation, pose.shift
    return motion @ affine


def _scan_mri(
    name: ImageName,
    anatomy: Anatomy,
    lesions: tuple[Lesion, ...],
    kinds: dict[str, dict[str, float]],
    rng: np.random.Generator,
) -> Scan:
    contrast = _CONTRASTS[name]
    brain = show_lesions(render_brain(anatomy, contrast), lesions, kinds, contrast.name)
    image = add_surroundings(brain, anatomy, contrast, rng)
    grid = Grid(_triple(image.shape), anatomy.affine)
    if name == "FLAIR":
        grid = _axial_grid(
            anatomy.voxel_size, slice_mm=max(3.0, anatomy.voxel_size), extent=(200, 230, 168), tilt=8
        )
    if name != "T1w":
        moved = Grid(grid.shape, _moved(grid.affine, rng, 0.6, 0.6))
        image = acquire(image, anatomy.affine, moved, slice_samples=3 if name == "FLAIR" else 1)
    edges = np.linalg.norm(grid.affine[:3, :3], axis=0)
    noisy = expose(image, tuple(edges), rng, noise=0.022 if name == "FLAIR" else 0.028, bias=0.10)
    return Scan(noisy, grid.affine)


def _scan_pet(
    anatomy: Anatomy,
    lesions: tuple[Lesion, ...],
    kinds: dict[str, dict[str, float]],
    weight: float,
    rng: np.random.Generator,
) -> Scan:
    cortical = anatomy.gm * np.float32(FDG.gm) * regional_uptake(anatomy.template_mm)
    brain = cortical + np.float32(FDG.wm) * anatomy.wm + np.float32(FDG.csf) * anatomy.csf
    uptake = true_uptake(show_lesions(brain, lesions, kinds, FDG.name), anatomy)
    grid = _axial_grid(2.5, slice_mm=3.0, extent=(220, 240, 180), tilt=0)
    moved = Grid(grid.shape, _moved(grid.affine, rng, 3.0, 6.0))
    return Scan(scan_pet(uptake, anatomy.affine, moved, Dose(ACTIVITY_MBQ, weight), rng), grid.affine)


def _axial_grid(in_plane: float, *, slice_mm: float, extent: tuple[float, float, float], tilt: float) -> Grid:
    """Axial slices over the brain, tilted about the left-right axis by ``tilt`` degrees."""
    edges = np.array([in_plane, in_plane, slice_mm])
    shape = np.round(np.array(extent) / edges).astype(int)
    turn = np.radians(tilt)
    rotation = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    affine = np.eye(4)
    affine[:3, :3] = rotation * edges
    affine[:3, 3] = np.array([0, 0, 22.0]) - affine[:3, :3] @ ((shape - 1) / 2)
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def _triple(shape: tuple[int, ...]) -> tuple[int, int, int]:
    return (shape[0], shape[1], shape[2])
