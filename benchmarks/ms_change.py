"""New lesions between two sessions of real patients: which are found, what is falsely so called, per pair.

    python benchmarks/ms_change.py OUT --bundle BUNDLE --cache FOLDER [--out FILE]

OUT is openms-long as preprocessed by the app; BIDSAPP_REALDATA names the folder with the raw dataset, whose
masks mark what changed, new or larger and smaller or gone together. What is brighter on FLAIR in the second
session counts as new or larger; both FLAIR are compared in the common space, scaled by their median. The
mask reaches the second session's working grid through world coordinates: the inverse of the published
transforms takes a point of the raw reference image (its world is that of the preprocessed one) to the common
space. ``brain`` is the Dice of the published brain mask, brought the same way, with the app's: a mask in a
wrong place would show. The two sessions meet as in the app, by its own rigid registration.

A true lesion (26 neighbours, 3 mm3 or more) is found when any voxel is marked; a marked lesion is false when
it meets no true one. ``rule`` is the app's (:mod:`bidsapp.analyses.ms.change`) on all networks of the
bundle; the packaged one had these patients' scans, without any mask, as backgrounds of simulated lesions.
``subtraction`` marks where FLAIR rose by a threshold, in units of white matter: the best one for this very
pair (``oracle``: nobody could know it) and the best one for the other pair.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from alignment import common_mask, manual, published
from anomaly_fitting import table
from ms_networks import Networks
from ms_patients import Array, Mask, add_options, box_around, write_rows
from openms_lesions import seen_in

from bidsapp.analyses.ms.change import compare
from bidsapp.analyses.ms.channels import PRIOR
from bidsapp.analyses.ms.earlier import read_earlier
from bidsapp.analyses.ms.grid import WorkSpace, read_images, reference_name, work_space
from bidsapp.analyses.ms.instances import find_instances, numbers_of
from bidsapp.analyses.ms.predict import NOT_SCANNED
from bidsapp.analyses.ms.rise import measure_brightness, rise_of
from bidsapp.bids.cohort import read_cohort
from bidsapp.cohort import Member
from bidsapp.images.grids import resample
from bidsapp.images.volume import Volume, read_volume
from bidsapp.learning.lesion_agreement.detection import harmonic_f1

RISES = np.arange(0.1, 1.51, 0.05)
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pair:
    """Two sessions on the working grid of the later one; ``grown`` marks what is new or larger."""

    name: str
    now: dict[str, Array]
    brain: Mask
    before: dict[str, Array]
    brain_before: Mask
    grown: Mask
    brain_dice: float


@dataclass(frozen=True)
class Row:
    """What a method marks as new in a pair."""

    pair: str
    method: str
    true: int
    found: int
    marked: int
    false: int
    at: str


def read_pair(earlier: Member, later: Member, crop: int) -> Pair:
    """Read two sessions; with ``crop``, a cube of this edge around what changed."""
    member = replace(later, earlier=earlier)
    space = work_space(member)
    before = read_earlier(member, space)
    if before is None:
        raise SystemExit(f"{earlier.name} cannot be aligned with {later.name}.")
    brain = space.mask.data >= 0.5
    assert later.session is not None
    marks = manual(later.subject) / f"sub-{later.subject}_space-common_desc-lesionchange_mask.nii.gz"
    _, changes = seen_in(later.subject, later.session, read_volume(marks))
    grown, published_brain = (_bring(item, member, space) for item in (changes, common_mask(later.subject)))
    box = box_around(grown if grown.any() else brain, crop)
    dice = 2 * float((published_brain & brain).sum()) / float(published_brain.sum() + brain.sum())
    now = {name: volume.data[box] for name, volume in read_images(member, space).items()}
    then = {name: volume.data[box] for name, volume in before.images.items()}
    return Pair(later.name, now, brain[box], then, before.brain.data[box] >= 0.5, (grown & brain)[box], dice)


def _bring(mask: Volume, member: Member, space: WorkSpace) -> Mask:
    """Bring a mask from the patient's common space to the working grid."""
    assert member.session is not None
    steps = published((member.subject, member.session, reference_name(member)))
    way = sitk.CompositeTransform([step.GetInverse() for step in steps])  # the last one is applied first
    moved = resample(mask, space.grid, transform=way, antialias=False)
    return np.asarray(moved.data >= 0.5)


def by_rule(pair: Pair, networks: Networks) -> dict[str, Mask]:
    """Mark new lesions, and new or enlarged ones, as the app does."""
    names = networks.names
    images = {**pair.now, **({PRIOR: pair.before["FLAIR"]} if "FLAIR" in pair.before else {})}
    setting = networks.setting

    def chance(label: str, shown: dict[str, Array], brain: Mask) -> Array:
        outputs = [networks.read(name, label, shown, brain) for name in names]
        read = [setting.scaling.probability(output.lesion) for output in outputs]
        return np.asarray(np.mean(read, axis=0), np.float32)

    now = chance(pair.name, images, pair.brain)
    before = chance(f"{pair.name}-before", pair.before, pair.brain_before)
    labels = find_instances(now >= setting.threshold, 1.0)
    seen = compare(
        labels,
        before >= setting.threshold,
        np.ones(3),
        before_probability=np.where(pair.brain_before, before, NOT_SCANNED),
        now_probability=np.where(pair.brain, now, NOT_SCANNED),
        rise=rise_of(*measure_brightness(labels, pair.now["FLAIR"], pair.before["FLAIR"], pair.brain)),
    )
    kinds = np.array([each.kind for each in seen.changes], dtype=object)
    numbers = numbers_of(labels)
    return {
        "rule, new": np.isin(labels, numbers[kinds == "new"]),
        "rule, new or enlarged": np.isin(labels, numbers[np.isin(kinds, ("new", "enlarged"))]),
    }


def by_subtraction(pair: Pair, rise: float) -> Mask:
    """Mark where FLAIR rose."""
    both = pair.brain & pair.brain_before
    return np.asarray((pair.now["FLAIR"] - pair.before["FLAIR"] >= rise) & both)


def judge(pair: Pair, marked: Mask) -> tuple[Flags, Flags]:
    """Tell which true lesions are found, and which marked ones are true."""
    true, ours = find_instances(pair.grown, 1.0), find_instances(marked, 1.0)
    found = np.isin(numbers_of(true), true[ours > 0])
    return found, np.isin(numbers_of(ours), ours[true > 0])


def row(pair: Pair, method: str, marked: Mask, at: str) -> Row:
    """Count what a method found."""
    found, right = judge(pair, marked)
    return Row(pair.name, method, found.size, int(found.sum()), right.size, int((~right).sum()), at)


def subtraction(pairs: Sequence[Pair]) -> list[Row]:
    """Measure the subtraction at the threshold that suits this pair best, and the others best."""
    scores = [[harmonic_f1(*judge(pair, by_subtraction(pair, rise))) for rise in RISES] for pair in pairs]
    rows = []
    for place, pair in enumerate(pairs):
        others = [item for other, item in enumerate(scores) if other != place]
        chosen = [("subtraction, oracle", scores[place])]
        chosen += [("subtraction, threshold of the other", list(np.mean(others, axis=0)))] if others else []
        for method, score in chosen:
            rise = float(RISES[np.argmax(score)])
            rows.append(row(pair, method, by_subtraction(pair, rise), f"{rise:.2f}"))
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sessions", type=Path, help="openms-long, preprocessed")
    parser.add_argument("--subjects", nargs="*", default=(), help="only these patients")
    add_options(parser)
    arguments = parser.parse_args()
    networks = Networks(arguments)
    cohort = read_cohort([arguments.sessions], participant_label=arguments.subjects)
    pairs = []
    for subject in cohort.subjects:
        own = sorted((item for item in cohort.members if item.subject == subject), key=lambda item: item.name)
        pairs += [read_pair(own[0], own[1], arguments.crop)] if len(own) == 2 else []
    rows = [
        row(pair, method, marked, f"p {networks.setting.threshold:.2f}")
        for pair in pairs
        for method, marked in by_rule(pair, networks).items()
    ]
    rows += subtraction(pairs)
    columns = ("pair", "method", "new lesions", "found", "marked", "false", "at")
    cells = [tuple(str(value) for value in asdict(item).values()) for item in rows]
    print(table("New lesions between two sessions, real patients", columns, cells))
    print("\n".join(f"{pair.name}: brain {pair.brain_dice:.3f}" for pair in pairs))
    write_rows(arguments.out, rows=[asdict(item) for item in rows])


if __name__ == "__main__":
    main()
