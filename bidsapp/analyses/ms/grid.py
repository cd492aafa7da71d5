"""The grid that the lesion network works on: 1 mm around the brain, towards right, anterior, superior."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bidsapp.analyses.ms.channels import CONTRASTS
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.images.checks import check_image
from bidsapp.images.grids import isotropic_grid, resample, to_closest_ras
from bidsapp.images.volume import Grid, Volume, read_volume

REFERENCES = ("T1w", "FLAIR", "T2w", "PDw", "ce-gadolinium_T1w")
"""By rank, as ``data/modalities.json`` has them."""

WORK_MM = 1.0
MARGIN = 4


@dataclass(frozen=True, eq=False)
class WorkSpace:
    """The grid of a session's preprocessed images, and the working grid around its brain.

    Attributes
    ----------
    native
        Grid of the preprocessed images.
    grid
        Working grid.
    mask
        Brain mask on the working grid, 0 or 1.
    """

    native: Grid
    grid: Grid
    mask: Volume

    def bring(self, volume: Volume, *, labels: bool = False) -> Volume:
        """Resample a volume of the session (any grid of its space) onto the working grid."""
        return resample(volume, self.grid, interpolation="nearest" if labels else "linear")

    def back(self, volume: Volume, *, labels: bool = False) -> Volume:
        """Resample a volume of the working grid onto the preprocessed images' grid; 0 outside."""
        return resample(volume, self.native, interpolation="nearest" if labels else "linear")


def work_space(member: Member) -> WorkSpace:
    """Find the working grid of a session.

    Raises
    ------
    BadDataError
        The session has no brain mask, or an empty one.
    """
    if "mask" not in member.native:
        raise BadDataError(f"{member.name} has no brain mask; run participant again.")
    mask = read_volume(member.native["mask"])
    ras = to_closest_ras(mask)
    wide = isotropic_grid(ras.grid, WORK_MM)
    inside = resample(ras, wide).data >= 0.5
    if not inside.any():
        raise BadDataError(f"The brain mask of {member.name} is empty; look at its report.")
    found = [np.flatnonzero(inside.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    low = [max(0, int(index[0]) - MARGIN) for index in found]
    high = [min(size, int(index[-1]) + MARGIN + 1) for index, size in zip(found, inside.shape, strict=True)]
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    affine = wide.affine.copy()
    affine[:3, 3] = wide.affine[:3, :3] @ np.array(low) + wide.affine[:3, 3]
    cut = Volume(np.ascontiguousarray(inside[box], dtype=np.float32), affine)
    return WorkSpace(mask.grid, cut.grid, cut)


def read_images(member: Member, space: WorkSpace) -> dict[str, Volume]:
    """Read the contrasts that a session has, on the working grid; white matter is 1.

    Raises
    ------
    BadDataError
        It has none of T1w, T2w, FLAIR and PDw.
    """
    there = [name for name in CONTRASTS if name in member.native]
    if not there:
        raise BadDataError(f"{member.name} has none of {', '.join(CONTRASTS)}; lesions cannot be looked for.")
    return {name: space.bring(read_volume(member.native[name])) for name in there}


def read_mask(path: Path) -> Volume:
    """Read a manual mask, on any grid; 1 where it is at least one half, else 0.

    Raises
    ------
    BadDataError, NoInputError
        The file cannot be used; the sentence names it.
    """
    drawn, _ = check_image(path, may_be_zero=True)
    return drawn.with_data(drawn.data >= 0.5)


def reference_name(member: Member) -> str:
    """Give the modality whose grid the session's preprocessed images are on; it names their space."""
    return next(name for name in REFERENCES if name in member.native)
