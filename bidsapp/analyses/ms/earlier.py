"""The session before: its images on the working grid of this one, and the lesions it had."""

from __future__ import annotations

from dataclasses import dataclass

from bidsapp.analyses.ms.channels import CONTRASTS
from bidsapp.analyses.ms.grid import WorkSpace
from bidsapp.cohort import Member
from bidsapp.images.grids import resample
from bidsapp.images.transform_file import read_transform
from bidsapp.images.transforms import between_sessions, matrix_to_itk
from bidsapp.images.volume import Volume, read_volume


@dataclass(frozen=True, eq=False)
class Earlier:
    """What is known of the session before; images on the working grid of this session, white matter = 1."""

    name: str
    images: dict[str, Volume]
    brain: Volume


def read_earlier(member: Member, space: WorkSpace) -> Earlier | None:
    """Read the session before, aligned rigidly; ``None`` where there is none, or it cannot be aligned."""
    before = member.earlier
    if before is None:
        return None
    key = "native_to_standard"
    if key not in member.transforms or key not in before.transforms or "mask" not in before.native:
        return None
    there = [name for name in CONTRASTS if name in before.native]
    matrix = between_sessions(read_transform(member.transforms[key]), read_transform(before.transforms[key]))
    if matrix is None or not there:
        return None
    transform = matrix_to_itk(matrix)
    brain = resample(read_volume(before.native["mask"]), space.grid, transform=transform)
    return Earlier(
        name=before.name,
        images={
            name: resample(read_volume(before.native[name]), space.grid, transform=transform)
            for name in there
        },
        brain=brain.with_data(brain.data >= 0.5),
    )
