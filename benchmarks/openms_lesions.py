"""The published lesion masks of openms-mni and openms-long, in standard space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813
from alignment import common_mask, image, manual, published
from anomaly_implants import DATA
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.analyses.anomaly.space import Space
from bidsapp.cohort import Member
from bidsapp.images.grids import resample
from bidsapp.images.transform_file import read_transform
from bidsapp.images.volume import Volume, read_volume

SMALLEST_ML = 0.1
_CONNECTED_26 = np.ones((3, 3, 3), dtype=np.int8)


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of a session: where its lesions are, in standard space.

    ``mask`` holds all marked voxels that are analysed; ``labels`` the lesions on the grid, numbered from 1;
    ``voxels`` the size of each.
    """

    what: str
    mask: NDArray[np.bool_]
    labels: NDArray[np.intp]
    voxels: NDArray[np.intp]
    marked_ml: float
    brain_dice: float


def truth_mni(member: Member, space: Space) -> Truth:
    """Bring the consensus mask, which lies on the raw T1w, to standard space."""
    folder = DATA / "openms-mni"
    lesions = f"sub-{member.subject}_space-orig_label-L_desc-manual_mask.nii.gz"
    raw = read_volume(folder / f"sub-{member.subject}" / "anat" / f"sub-{member.subject}_T1w.nii.gz")
    mask = read_volume(folder / "derivatives" / "manual" / f"sub-{member.subject}" / "anat" / lesions)
    if not mask.grid.same_as(raw.grid):
        raise SystemExit(f"{member.name}: the lesion mask is not on the grid of the T1w.")
    brain = raw.with_data(raw.data > 0)  # published without skull
    return _truth("all lesions", mask, brain, _to_standard(member), member, space)


def truth_long(member: Member, space: Space) -> Truth:
    """Bring the mask of changes from the patient's common space to standard space."""
    assert member.session is not None
    changes = read_volume(
        manual(member.subject) / f"sub-{member.subject}_space-common_desc-lesionchange_mask.nii.gz"
    )
    back = [item.GetInverse() for item in published((member.subject, member.session, "T1w"))]
    way = sitk.CompositeTransform([*back, _to_standard(member)])  # the last one is applied first
    what, mask = seen_in(member.subject, member.session, changes)
    return _truth(what, mask, common_mask(member.subject), way, member, space)


def _to_standard(member: Member) -> sitk.Transform:
    return read_transform(member.transforms["native_to_standard"])


def seen_in(subject: str, session: str, changes: Volume) -> tuple[str, Volume]:
    """Keep the changes that are brighter on FLAIR in this session than in the other."""
    scans = [(subject, number, "FLAIR") for number in ("1", "2")]
    if not all((manual(subject) / f"ses-{number}_FLAIR_to_common_space.txt").is_file() for number in "12"):
        return "all changes", changes
    first, second = (_flair(scan, changes) for scan in scans)
    labels, count = ndimage.label(changes.data > 0.5, structure=_CONNECTED_26)
    rise = ndimage.mean(second - first, labels, np.arange(1, count + 1))
    kept = np.concatenate([[False], (rise > 0) == (session == "2")])
    return "new or larger" if session == "2" else "smaller or gone", changes.with_data(kept[labels])


def _flair(scan: tuple[str, str, str], common: Volume) -> NDArray[np.float32]:
    (way,) = published(scan)
    seen = resample(image(scan), common.grid, transform=way).data
    return np.asarray(seen / np.median(seen[common_mask(scan[0]).data > 0.5]), dtype=np.float32)


def _truth(
    what: str, mask: Volume, brain: Volume, way: sitk.Transform, member: Member, space: Space
) -> Truth:
    marked, covered = (
        resample(volume, space.grid, transform=way, antialias=False).data >= 0.5 for volume in (mask, brain)
    )
    own = read_volume(member.standard["mask"]).data > 0.5
    analysed = marked & space.mask
    components, count = ndimage.label(analysed, structure=_CONNECTED_26)
    sizes = np.bincount(components.ravel(), minlength=count + 1)
    large = np.flatnonzero(sizes[1:] * space.voxel_volume >= SMALLEST_ML) + 1
    number = np.zeros(count + 1, dtype=np.intp)
    number[large] = np.arange(1, large.size + 1)
    dice = 2 * float((covered & own).sum()) / float(covered.sum() + own.sum())
    marked_ml = float(marked.sum()) * space.voxel_volume
    return Truth(what, analysed, number[components], sizes[large], marked_ml, dice)
