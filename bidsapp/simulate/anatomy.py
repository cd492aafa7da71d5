"""A simulated head on the grid of a scan: the average head bent, scaled, turned and given its own folds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.simulate.fields import Array, upsample
from bidsapp.simulate.head import HEAD_ORIGIN, HEAD_VOXEL, Material
from bidsapp.simulate.person import COARSE_MM, FOLDS_MM, Person, Pose
from bidsapp.simulate.template import Template, load_template

#: Box (mm, in the head's own frame, axes RAS) that a scan of the head covers.
FIELD_OF_VIEW = ((-90.0, 90.0), (-128.0, 100.0), (-135.0, 93.0))
_STRIDE = 3


@dataclass(frozen=True)
class Anatomy:
    """A head on the grid of one scan.

    Attributes
    ----------
    gm, wm, csf : numpy.ndarray
        Tissue fractions in 0-1 inside of the brain, shape ``(x, y, z)``.
    texture : numpy.ndarray
        Deviation of the T1w intensity from the mixture of tissues (white matter = 1).
    brain : numpy.ndarray
        Fraction of brain (with ventricles and sulci) in each voxel, in 0-1.
    outside : numpy.ndarray
        `Material` of each voxel as seen where the brain is not.
    template_mm : numpy.ndarray
        MNI position of each voxel in mm, shape ``(3, x, y, z)``.
    affine : numpy.ndarray
        4x4 matrix, voxel to world (mm, RAS+).
    """

    gm: Array
    wm: Array
    csf: Array
    texture: Array
    brain: Array
    outside: NDArray[np.uint8]
    template_mm: Array
    affine: NDArray[np.float64]

    @property
    def voxel_size(self) -> float:
        """Edge of the isotropic voxel in mm."""
        return float(np.linalg.norm(self.affine[:3, 0]))


def place(person: Person, pose: Pose, voxel_size: float) -> Anatomy:
    """Put a person into the scanner and sample the head on an isotropic RAS grid.

    Parameters
    ----------
    person : Person
        Anatomy.
    pose : Pose
        Position; world coordinates have their origin near the middle of the field of view.
    voxel_size : float
        Edge of a voxel in mm.
    """
    template = load_template()
    low, high = np.array(FIELD_OF_VIEW).T
    size = np.ceil((high - low) / voxel_size).astype(int)
    shape = (int(size[0]), int(size[1]), int(size[2]))
    affine = np.diag([voxel_size] * 3 + [1.0])
    affine[:3, 3] = -(size - 1) * voxel_size / 2
    coarse_mm, coarse_skull = _template_positions(person, pose, affine, shape)
    position = np.stack([upsample(axis, shape, _STRIDE) for axis in coarse_mm])
    gm, wm, csf, texture = _tissues(template, person, position)
    brain_distance = _sample(template.brain_distance, position, HEAD_ORIGIN, HEAD_VOXEL, mode="nearest")
    depth = _sample(template.depth, position, HEAD_ORIGIN, HEAD_VOXEL, mode="nearest")
    inside = _sample(template.inside, position, HEAD_ORIGIN, HEAD_VOXEL, order=0, mode="nearest")
    outside = _layers(inside, brain_distance, depth, upsample(coarse_skull, shape, _STRIDE), position)
    brain = np.clip(0.5 - brain_distance / np.float32(voxel_size), 0, 1)
    return Anatomy(gm, wm, csf, texture, brain, outside, position, affine)


def _template_positions(
    person: Person, pose: Pose, affine: NDArray[np.float64], shape: tuple[int, int, int]
) -> tuple[Array, Array]:
    """MNI position and skull thickness at every third voxel: both are smooth enough for that."""
    nodes = np.indices([-(-size // _STRIDE) + 1 for size in shape]).reshape(3, -1) * _STRIDE
    world = affine[:3, :3] @ nodes + affine[:3, 3:]
    centre = np.array(FIELD_OF_VIEW).mean(axis=1)
    head = pose.rotation.T @ (world - pose.shift[:, None]) + centre[:, None]
    straight = person.linear @ head
    grid = (straight - np.array(HEAD_ORIGIN)[:, None]) / COARSE_MM
    fields = [
        ndimage.map_coordinates(field, grid, order=3, mode="nearest")
        for field in (*person.displacement, person.skull)
    ]
    coarse = [-(-size // _STRIDE) + 1 for size in shape]
    position = (straight + np.stack(fields[:3])).astype(np.float32)
    return position.reshape(3, *coarse), fields[3].astype(np.float32).reshape(coarse)


def _sample(
    volume: NDArray[np.generic],
    position: Array,
    origin: tuple[float, float, float],
    voxel: float,
    *,
    order: int = 1,
    mode: str = "constant",
) -> Array:
    start = np.array(origin, dtype=np.float32)[:, None, None, None]
    sampled: Array = ndimage.map_coordinates(
        volume, (position - start) / np.float32(voxel), order=order, mode=mode, prefilter=False
    )
    return sampled


def _tissues(template: Template, person: Person, position: Array) -> tuple[Array, Array, Array, Array]:
    """Sharpen the blurred average into one person's tissues, with folds of their own.

    The fractions of the average are taken as probabilities: raised to a power and weighted by
    random fields, so that sulci and the cortical ribbon differ from person to person.
    """
    gm = _sample(template.gm, position, template.origin, 1.0)
    wm = _sample(template.wm, position, template.origin, 1.0)
    texture = _sample(template.texture, position, template.origin, 1.0)
    to_csf, to_wm = (
        _sample(field, position, HEAD_ORIGIN, FOLDS_MM, mode="nearest") for field in person.folds
    )
    csf = np.clip(1 - gm - wm, 0, 1)
    odds = [
        gm**2,
        wm**2 * np.exp(0.8 * to_wm),
        csf**2 * np.exp(1.2 * to_csf + np.float32(person.atrophy)),
    ]
    total = odds[0] + odds[1] + odds[2] + np.float32(1e-6)
    return odds[0] / total, odds[1] / total, odds[2] / total, texture


def _layers(
    inside: Array, brain_distance: Array, depth: Array, skull: Array, position: Array
) -> NDArray[np.uint8]:
    """Wrap scalp, skull and cerebrospinal fluid around the brain."""
    material = inside.astype(np.uint8)
    scalp = 5.0 + 1.2 * skull
    material[depth < scalp] = Material.FAT
    material[depth < 1.6] = Material.SKIN
    rim, outer = 1.5 + 0.5 * skull, 8.0 + 1.3 * skull
    high = position[2] > -50
    bone = (brain_distance < outer) & high & (inside != Material.AIR)
    bone |= (brain_distance < 4.5) & (inside != Material.CSF) & (inside != Material.CORD)
    material[bone] = Material.BONE
    diploe = bone & (np.abs(brain_distance - (rim + outer) / 2) < 0.22 * (outer - rim)) & (position[2] > -10)
    material[diploe] = Material.MARROW
    material[brain_distance < rim] = Material.CSF
    sinus = (np.abs(position[0]) < 4) & (brain_distance < 5) & (position[2] > -10) & (position[1] < 60)
    material[sinus & (brain_distance > -1)] = Material.VESSEL
    material[depth < 0] = Material.AIR
    return material
