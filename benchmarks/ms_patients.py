"""What the benchmarks of multiple sclerosis share: options, patients on the working grid, choices, scores.

Everything goes through the functions of the app: what is measured is what a user gets.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.ms.grid import WorkSpace, work_space
from bidsapp.analyses.ms.instances import find_instances
from bidsapp.analyses.ms.left_out import EVEN, LeftOut, best_threshold
from bidsapp.analyses.ms.patients import read_patient
from bidsapp.bids.cohort import read_cohort
from bidsapp.bids.masks import LESION, add_masks
from bidsapp.cohort import Member
from bidsapp.files import write_json
from bidsapp.images.volume import Volume
from bidsapp.learning.calibration.counts import count_logits, near_lesions
from bidsapp.learning.calibration.scaling import Scaling, fit_left_out
from bidsapp.learning.lesion_agreement.agreement import LesionAgreement, measure_agreement

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]
Box = tuple[slice, slice, slice]
VOXEL = (1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Case:
    """A patient on the working grid (1 mm, RAS), or in ``box``, the piece of it that ``--crop`` leaves.

    ``images`` by contrast (white matter = 1), ``brain``, ``lesion`` and ``post`` (zeros where not known).
    """

    member: Member
    space: WorkSpace
    box: Box
    images: Mapping[str, Array]
    brain: Mask
    lesion: Mask
    post: Array

    @property
    def subject(self) -> str:
        """Label without prefix."""
        return self.member.subject

    def bring(self, volume: Volume) -> Volume:
        """Resample a volume of the session to the voxels of this case."""
        return cut(self.space.bring(volume), self.box)


@dataclass(frozen=True)
class Setting:
    """How logits become a mask."""

    scaling: Scaling = Scaling()  # noqa: RUF009
    threshold: float = EVEN

    @property
    def said(self) -> str:
        """Threshold and temperature in words."""
        return f"p {self.threshold:.2f}, T {self.scaling.temperature:.2f}"

    def mask(self, logit: Array) -> Mask:
        """Give the mask that the app writes: pieces below 3 mm3 are left out."""
        return np.asarray(find_instances(self.scaling.probability(logit) >= self.threshold, 1.0) > 0)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what all these benchmarks are told."""
    parser.add_argument("--bundle", type=Path, required=True, help="with the networks of the folds")
    parser.add_argument("--cache", type=Path, required=True, help="folder that keeps outputs of networks")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:N")
    parser.add_argument("--crop", type=int, default=0, help="edge (mm) of a cube to look at; 0: all")
    parser.add_argument("--out", type=Path, help="JSON file for the rows")


def add_patients(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add where patients with masks are."""
    parser.add_argument("--patients", type=Path, required=required, help="preprocessed patients")
    parser.add_argument("--masks", type=Path, required=required, help="derivative with the manual masks")
    parser.add_argument("--subjects", nargs="*", default=(), help="only these patients")


def read_cases(arguments: argparse.Namespace) -> list[Case]:
    """Read the patients who have a mask of all lesions."""
    cohort = read_cohort([arguments.patients], participant_label=arguments.subjects)
    members = [item for item in add_masks(cohort, [arguments.masks]).members if LESION in item.native]
    return [read_case(member, arguments.crop) for member in members]


def read_case(member: Member, crop: int = 0) -> Case:
    """Read a session; with ``crop``, a cube of this edge around its lesions, or the middle of its brain."""
    patient, space = read_patient(member), work_space(member)
    brain = patient.brain.numpy()
    lesion = patient.lesion.numpy() if patient.lesion is not None else np.zeros_like(brain)
    post = patient.post.numpy() if patient.post is not None else np.zeros(brain.shape, np.float32)
    box = box_around(lesion if lesion.any() else brain, crop)
    images = {name: image.numpy()[box] for name, image in patient.images.items()}
    return Case(member, space, box, images, brain[box], lesion[box], post[box])


def box_around(mask: Mask, edge: int) -> Box:
    """Give the cube around the middle of a mask that fits in its array; all of it with an edge of 0."""
    middle = np.rint(np.argwhere(mask).mean(axis=0)).astype(int)
    sizes = [min(edge, n) if edge else n for n in mask.shape]
    starts = [int(np.clip(c - s // 2, 0, n - s)) for c, s, n in zip(middle, sizes, mask.shape, strict=True)]
    x, y, z = (slice(start, start + size) for start, size in zip(starts, sizes, strict=True))
    return x, y, z


def cut(volume: Volume, box: Box) -> Volume:
    """Give the piece of a volume in a box."""
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.array([part.start for part in box])
    return Volume(np.ascontiguousarray(volume.data[box]), affine)


def chosen_on_others(cases: Sequence[Case], logits: Mapping[str, Array]) -> dict[str, Setting]:
    """Choose temperature (near lesions) and threshold (best mean Dice) for each patient on the others.

    With one patient nothing is chosen: temperature 1, threshold one half.
    """
    seen = {case.subject: _left_out(case, logits[case.subject]) for case in cases}
    if len(seen) < 2:
        return {name: Setting() for name in seen}
    scalings = fit_left_out({name: item.near for name, item in seen.items()})
    return {
        name: Setting(
            own, best_threshold([(item.counts, own) for other, item in seen.items() if other != name])
        )
        for name, own in scalings.items()
    }


def near(case: Case, logit: Array) -> Mask:
    """Give the brain within 5 mm of true and predicted lesions."""
    return near_lesions(case.lesion, logit > 0, case.brain, VOXEL)


def agreement(case: Case, found: Mask) -> LesionAgreement:
    """Compare a mask with the manual one."""
    return measure_agreement(case.lesion, found, voxel_size=VOXEL)


def write_rows(path: Path | None, **tables: object) -> None:
    """Write rows with the command that gave them, where a file is named."""
    if path:
        write_json(path, {"argv": sys.argv, **tables})


def _left_out(case: Case, logit: Array) -> LeftOut:
    counts = count_logits(logit, case.lesion, case.brain)
    return LeftOut(
        case.subject,
        counts,
        count_logits(logit, case.lesion, near(case, logit)),
        float(case.lesion.sum()) / 1000,
    )
