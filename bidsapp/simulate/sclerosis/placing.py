"""Where a lesion may be put: likely by the prior, and mostly in white matter that has none yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.simulate.sclerosis.patient import MarkedPatient, Tissue

Mask = NDArray[np.bool_]
Box = tuple[slice, slice, slice]

TRIES = 50
LEAST_WHITE = 0.9


@dataclass(frozen=True, eq=False)
class Ground:
    """A patient's free white matter and, for each voxel of it, the cumulated probability of a lesion.

    Attributes
    ----------
    free
        White matter without lesion, shape ``(x, y, z)``.
    voxels
        Its flat indices, shape ``(n,)``.
    cumulated
        Cumulated probability in the order of ``voxels``, the last one 1.
    """

    free: Mask
    voxels: NDArray[np.intp]
    cumulated: NDArray[np.float64]

    def draw(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Draw a voxel by the prior, shape ``(3,)``."""
        at = min(int(np.searchsorted(self.cumulated, rng.random())), len(self.voxels) - 1)
        return np.array(np.unravel_index(self.voxels[at], self.free.shape))


def ground_of(patient: MarkedPatient) -> Ground | None:
    """Give where lesions can be put; ``None`` where the prior leaves no free white matter."""
    free = (patient.tissue.numpy() == Tissue.WM) & ~patient.lesion.numpy()
    voxels = np.flatnonzero(free)
    weight = (
        np.ones(len(voxels)) if patient.prior is None else patient.prior.numpy().ravel()[voxels].astype(float)
    )
    cumulated = np.cumsum(weight)
    if not len(voxels) or cumulated[-1] <= 0:
        return None
    return Ground(free, voxels, cumulated / cumulated[-1])


def draw_place(rng: np.random.Generator, ground: Ground, lesion: Mask) -> Box | None:
    """Draw a place for a box that holds a lesion in its middle.

    Parameters
    ----------
    rng
        Draws the centre by the prior, up to 50 times.
    ground
        Where lesions can be put.
    lesion
        Voxels of the lesion in its box, shape ``(a, b, c)``.

    Returns
    -------
    tuple of slice or None
        Where the box lies, wholly in the image and at least 90 % of the lesion in free white matter;
        ``None`` if no such place was drawn.
    """
    size = np.array(lesion.shape)
    for _ in range(TRIES):
        corner = ground.draw(rng) - size // 2
        if np.any(corner < 0) or np.any(corner + size > ground.free.shape):
            continue
        x, y, z = (slice(int(a), int(a + n)) for a, n in zip(corner, size, strict=True))
        if ground.free[x, y, z][lesion].mean() >= LEAST_WHITE:
            return x, y, z
    return None
