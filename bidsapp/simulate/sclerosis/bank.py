"""The shapes and places of real lesions, from masks that readers drew: what simulated patients draw from.

Only shapes and places are kept, no image, so that a bank can be packaged where the licence of the masks
permits. The masks must be in an MNI space at 1 mm. FSL's MNI152 and MNI152NLin2009cAsym are treated as one:
they differ by a few millimetres, less than the width to which the prior is smoothed and than patients differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.errors import BadDataError, UsageError
from bidsapp.images.grids import to_closest_ras
from bidsapp.images.templates import template_grid
from bidsapp.images.volume import Grid, read_volume

Mask = NDArray[np.bool_]

SMALLEST_MM3 = 3
PRIOR_MM = 2
PRIOR_SIGMA_MM = 3.0


class ShapedLesion(NamedTuple):
    """A lesion: its smallest box of voxels (1 mm, RAS) and the centre of the box in MNI millimetres."""

    shape: Mask
    centre_mm: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LesionBank:
    """Lesions of many patients.

    Attributes
    ----------
    shapes
        For each lesion the smallest box of voxels that holds it; 1 mm, axes RAS.
    centres_mm
        Centres of the boxes in MNI millimetres, shape ``(lesions, 3)``, RAS.
    patient
        For each lesion the index of its patient in ``names``.
    names
        The patients as in the files' names (``sub-07``); one without lesions is named too.
    prior
        Probability that a voxel of lesion lies here, float32, shape ``(x, y, z)``, sums to 1.
    affine
        Voxel indices of ``prior`` to MNI millimetres (RAS), shape ``(4, 4)``.
    """

    shapes: tuple[Mask, ...]
    centres_mm: NDArray[np.float64]
    patient: NDArray[np.int64]
    names: tuple[str, ...]
    prior: NDArray[np.float32]
    affine: NDArray[np.float64]

    @property
    def volumes_mm3(self) -> NDArray[np.int64]:
        """Volume of each lesion in cubic millimetres."""
        return np.array([shape.sum() for shape in self.shapes], dtype=np.int64)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of lesions of each patient."""
        return np.bincount(self.patient, minlength=len(self.names)).astype(np.int64)

    @property
    def loads_ml(self) -> NDArray[np.float64]:
        """Volume of all lesions of each patient in millilitres."""
        return np.bincount(self.patient, self.volumes_mm3, minlength=len(self.names)) / 1000

    def lesions_of(self, patient: int) -> tuple[ShapedLesion, ...]:
        """Give the lesions of one patient, by the index in ``names``."""
        owned = np.flatnonzero(self.patient == patient)
        return tuple(ShapedLesion(self.shapes[lesion], self.centres_mm[lesion]) for lesion in owned)

    def without(self, names: Collection[str]) -> LesionBank:
        """Leave patients out, from the prior too, so that a patient can be tested on what others taught.

        Raises
        ------
        UsageError
            A name is not in the bank: a misspelled one must not stay in unseen.
        """
        unknown = sorted(set(names) - set(self.names))
        if unknown:
            raise UsageError(f"{unknown[0]} is not in the bank of lesions; it holds {', '.join(self.names)}.")
        kept = [index for index, name in enumerate(self.names) if name not in names]
        return _gather([self.names[index] for index in kept], [self.lesions_of(index) for index in kept])


def read_bank(masks: Sequence[Path]) -> LesionBank:
    """Take the lesions of at least 3 mm3 (6-connected) from masks in MNI space.

    Parameters
    ----------
    masks
        One file for each patient, ``sub-<label>_*``; 1 mm voxels along the axes of MNI space.

    Raises
    ------
    BadDataError
        A file is corrupt, or not on a grid of 1 mm along the axes.
    UsageError
        Two files have the name of one patient.
    """
    names = [path.name.split("_")[0] for path in masks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"two lesion masks are named {twice[0]}; give one for each patient.")
    return _gather(names, [lesions_in(path) for path in masks])


def lesions_in(path: Path) -> tuple[ShapedLesion, ...]:
    """Read the lesions of one mask; see `read_bank`."""
    volume = to_closest_ras(read_volume(path))
    if not np.allclose(volume.affine[:3, :3], np.eye(3), atol=1e-3):
        raise BadDataError(f"{path} is not on a grid of 1 mm along the axes of MNI space; resample it.")
    labels, count = ndimage.label(volume.data > 0.5)
    volumes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return tuple(
        _cut(labels, index, box, volume.affine[:3, 3])
        for index, box in enumerate(ndimage.find_objects(labels), start=1)
        if volumes[index - 1] >= SMALLEST_MM3
    )


def paint(lesions: Iterable[ShapedLesion], grid: Grid) -> Mask:
    """Draw lesions at their places on a grid of 1 mm in MNI space; what lies outside of it is cut off."""
    painted = np.zeros(grid.shape, dtype=np.bool_)
    for shape, centre in lesions:
        corner = centre - (np.array(shape.shape) - 1) / 2 - grid.affine[:3, 3]
        voxels = np.argwhere(shape) + np.rint(corner).astype(np.intp)
        inside = ((voxels >= 0) & (voxels < grid.shape)).all(axis=1)
        painted[tuple(voxels[inside].T)] = True
    return painted


def _cut(
    labels: NDArray[np.integer], index: int, box: tuple[slice, slice, slice], origin: NDArray[np.float64]
) -> ShapedLesion:
    centre = np.array([(along.start + along.stop - 1) / 2 for along in box])
    return ShapedLesion(labels[box] == index, centre + origin)


def _gather(names: Sequence[str], patients: Sequence[tuple[ShapedLesion, ...]]) -> LesionBank:
    lesions = [lesion for patient in patients for lesion in patient]
    if not lesions:
        raise BadDataError("the lesion masks hold no lesion of at least 3 mm3; give masks with lesions.")
    prior, affine = _prior(patients)
    return LesionBank(
        shapes=tuple(lesion.shape for lesion in lesions),
        centres_mm=np.stack([lesion.centre_mm for lesion in lesions]),
        patient=np.repeat(np.arange(len(names)), [len(patient) for patient in patients]),
        names=tuple(names),
        prior=prior,
        affine=affine,
    )


def _prior(
    patients: Sequence[tuple[ShapedLesion, ...]],
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    fine, coarse = template_grid(1), template_grid(PRIOR_MM)
    total = np.zeros(fine.shape, dtype=np.float32)
    for lesions in patients:
        total += paint(lesions, fine)
    # voxel i of the coarse grid lies on voxel 2 i of the fine one: smoothing makes every second a fair sample
    prior = ndimage.gaussian_filter(total, PRIOR_SIGMA_MM, truncate=3)[::PRIOR_MM, ::PRIOR_MM, ::PRIOR_MM]
    return np.ascontiguousarray(prior / prior.sum(dtype=np.float64), dtype=np.float32), coarse.affine
