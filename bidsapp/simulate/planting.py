"""Plant the lesions of the plan into one simulated head, the same outline at each visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.simulate.anatomy import Anatomy
from bidsapp.simulate.fields import Array, smooth_field
from bidsapp.simulate.lesions import grow
from bidsapp.simulate.plan import Layer, PlannedLesion, PlannedSession, PlannedSubject


@dataclass(frozen=True)
class Lesion:
    """A lesion of this visit: the plan, its layers now, the fraction of each layer, and its change."""

    plan: PlannedLesion
    layers: tuple[Layer, ...]
    fractions: tuple[Array, ...]
    change: str

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Voxels of which at least half is lesion."""
        mask: NDArray[np.bool_] = self.fractions[0] >= 0.5
        return mask


def plant(
    subject: PlannedSubject, session: PlannedSession, anatomy: Anatomy, rng: np.random.Generator
) -> tuple[Lesion, ...]:
    """Grow each lesion of a visit from its seed, one beside the other.

    Parameters
    ----------
    subject, session : PlannedSubject, PlannedSession
        Whom and when.
    anatomy : Anatomy
        The head at this visit.
    rng : numpy.random.Generator
        Draws the outlines; give the same state at each visit of a subject.
    """
    outline_grid = smooth_field((40, 50, 45), 1.2, rng)
    before = [visit.label for visit in subject.sessions if visit.days < session.days]
    free = np.ones(anatomy.brain.shape, dtype=bool)
    lesions = []
    for planned in subject.lesions:
        layers = planned.layers.get(session.label)
        if layers is None:
            continue
        tissue = _tissue(anatomy, planned) & free
        distance = _distance(planned.mni, anatomy, tissue, outline_grid)
        fractions = tuple(
            grow(distance, tissue, size_mm=layer.size_mm, voxel_mm3=anatomy.voxel_size**3, edge_mm=1.5)
            for layer in layers
        )
        lesions.append(Lesion(planned, layers, fractions, _change(planned, layers, before)))
        free &= ~ndimage.binary_dilation(lesions[-1].fractions[0] > 0)
    return tuple(lesions)


def _tissue(anatomy: Anatomy, lesion: PlannedLesion) -> NDArray[np.bool_]:
    inside = anatomy.brain > 0.99
    if lesion.tissue == "wm":
        return inside & (anatomy.wm > 0.5)
    return inside & (anatomy.csf < 0.5)


def _distance(
    mni: tuple[float, float, float], anatomy: Anatomy, tissue: NDArray[np.bool_], outline: Array
) -> Array:
    """Distance from the lesion's seed with an uneven outline that stays the same between visits."""
    offset = anatomy.template_mm - np.array(mni, dtype=np.float32)[:, None, None, None]
    radius = np.sqrt((offset**2).sum(axis=0))
    seed = int(np.argmin(np.where(tissue, radius, np.inf)))
    offset = anatomy.template_mm - anatomy.template_mm.reshape(3, -1)[:, seed, None, None, None]
    radius = np.sqrt((offset**2).sum(axis=0))
    corner = np.array([-100.0, -130.0, -80.0], dtype=np.float32)[:, None, None, None]
    uneven = ndimage.map_coordinates(outline, (anatomy.template_mm - corner) / 5, order=1, mode="nearest")
    distance: Array = radius * np.exp(np.float32(0.28) * uneven)
    return distance


def _change(lesion: PlannedLesion, layers: tuple[Layer, ...], before: list[str]) -> str:
    if not before:
        return "first"
    previous = lesion.layers.get(before[-1])
    if previous is None:
        return "new"
    return "enlarged" if layers[0].size_mm > previous[0].size_mm else "stable"


def show_lesions(
    brain: Array, lesions: tuple[Lesion, ...], kinds: dict[str, dict[str, float]], name: str
) -> Array:
    """Give the lesions their intensity in the contrast ``name``, over an image of the brain."""
    for lesion in lesions:
        for layer, fraction in zip(lesion.layers, lesion.fractions, strict=True):
            brain = brain + fraction * (np.float32(kinds[layer.kind][name]) - brain)
    return brain
