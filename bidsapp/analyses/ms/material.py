"""What the lesion network learns from: healthy heads, patients, outlines of lesions, scans without masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.images.grids import resample
from bidsapp.images.templates import template_grid
from bidsapp.images.transform_file import read_transform

if TYPE_CHECKING:
    from torch import Tensor

    from bidsapp.analyses.ms.patients import Patient
    from bidsapp.simulate.sclerosis.anatomy import HealthyHead
    from bidsapp.simulate.sclerosis.normal import NormalContrast
    from bidsapp.simulate.sclerosis.outlines import LesionMasks

LESION = "lesion"
NORMAL = Path(__file__).parents[2] / "data" / "normal" / "openms-long.nii.gz"


@dataclass(frozen=True, eq=False)
class Material:
    """What a stage learns from.

    Attributes
    ----------
    heads
        Healthy heads, which simulation makes ill.
    patients
        Patients with masks, or an image after contrast agent.
    outlines
        Lesion masks in MNI space that are moved into the heads.
    backgrounds
        Scans of patients whose lesions nobody marked: simulated lesions are laid over them too.
    normal
        Regional differences of normal tissue that painted images show.
    """

    heads: tuple[HealthyHead, ...]
    patients: tuple[Patient, ...]
    outlines: LesionMasks | None
    backgrounds: tuple[HealthyHead, ...] = ()
    normal: NormalContrast | None = None

    def without(self, subjects: frozenset[str]) -> Material:
        """Leave patients out; their outlines too, which are in the order of the patients that have some."""
        kept = tuple(item for item in self.patients if item.subject not in subjects)
        outlines = self.outlines.without(subjects) if self.outlines else None
        return replace(self, patients=kept, outlines=outlines)


def read_material(
    healthy: Sequence[Member],
    patients: Sequence[Member],
    folder: Path,
    more: Mapping[str, Tensor] | None = None,
    *,
    augmented: bool = False,
    backgrounds: Sequence[Member] = (),
) -> Material:
    """Read healthy heads (kept in ``folder``) and patients, and move the patients' masks to MNI space.

    ``more`` holds lesion masks of further patients (MNI, 1 mm, grid of the template), by subject. The heads
    of patients are read where versions of them are wanted (``augmented``). ``backgrounds`` are sessions of
    patients without masks who have T1w, T2w and FLAIR.
    """
    from bidsapp.analyses.ms.backgrounds import read_background
    from bidsapp.analyses.ms.heads import read_head
    from bidsapp.analyses.ms.patients import read_patient
    from bidsapp.simulate.sclerosis.normal import read_normal

    normal = read_normal(NORMAL)
    heads = tuple(read_head(member, folder / "heads") for member in healthy)
    outlines = {member.subject: _outline(member) for member in patients if LESION in member.native}
    return Material(
        heads,
        tuple(read_patient(member, folder / "heads" if augmented else None) for member in patients),
        stack_outlines({**outlines, **(more or {})}),
        tuple(read_background(member, folder / "heads", normal) for member in backgrounds),
        normal,
    )


def stack_outlines(outlines: Mapping[str, Tensor]) -> LesionMasks | None:
    """Put lesion masks on the template's grid (MNI, 1 mm) together; ``None`` where none has a lesion.

    Raises
    ------
    BadDataError
        A mask is on another grid.
    """
    import numpy as np
    import torch

    from bidsapp.simulate.sclerosis.outlines import LesionMasks

    held = {name: mask for name, mask in outlines.items() if mask.any()}
    if not held:
        return None
    grid = template_grid(1)
    for name, mask in held.items():
        if tuple(mask.shape) != grid.shape:
            raise BadDataError(f"The lesion mask {name} is not on the grid of the template; resample it.")
    to_voxel = np.linalg.inv(grid.affine).astype(np.float32)
    return LesionMasks(tuple(held), tuple(held.values()), torch.from_numpy(to_voxel))


def _outline(member: Member) -> Tensor:
    import torch

    from bidsapp.analyses.ms.grid import read_mask

    if "native_to_standard" not in member.transforms:
        raise BadDataError(f"{member.name} has no transform to standard space; run participant again.")
    mask = read_mask(member.native[LESION])
    transform = read_transform(member.transforms["native_to_standard"])
    moved = resample(mask, template_grid(1), transform=transform, antialias=False)
    return torch.from_numpy((moved.data >= 0.5).astype("uint8"))
