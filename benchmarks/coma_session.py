"""Sessions of ten volumes with known answers: T1w, FLAIR, DWI, ASL, resting BOLD and dynamic PET, SIMULATED.

    python benchmarks/coma_session.py BIDS --subjects 1
    bidsapp BIDS OUT participant
    python benchmarks/coma_session_answers.py BIDS OUT

The head is that of the sample (drawn from the average brain); what each series measures is put into its
tissues and regions by the forward models of :mod:`coma_session_series`. Same seed, same numbers. The second
script puts the answers beside the outputs, and the CPU time beside each step.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from coma_session_series import SERIES, Phantom, Recorded
from scipy import ndimage

from bidsapp.images.templates import load_atlas
from bidsapp.simulate.anatomy import place
from bidsapp.simulate.person import draw_person, draw_pose
from bidsapp.simulate.plan import PlannedSession, PlannedSubject
from bidsapp.simulate.sample import load_metadata, write_image
from bidsapp.simulate.session import generator, scan_session

VOXEL = 2.0
ANATOMY = PlannedSession("", 0, ("T1w", "FLAIR"))


@dataclass(frozen=True)
class Person:
    """One simulated participant, and the head that is scanned."""

    plan: PlannedSubject
    head: Phantom


def planned(number: int) -> PlannedSubject:
    """Give the participant of a number, from 0."""
    age, sex = 28 + (13 * number) % 45, "FM"[number % 2]
    return PlannedSubject(f"coma{number + 1:02d}", "simulated", age, sex, 70.0, (ANATOMY,), ())


def draw(number: int, seed: int) -> Person:
    """Draw a participant again; the head lies as in the T1w image."""
    plan = planned(number)
    person = draw_person(generator(seed, plan.label), age=plan.age, sex=plan.sex)
    anatomy = place(person, draw_pose(generator(seed, plan.label, "", "pose")), VOXEL)
    atlas = load_atlas(2)
    voxels = np.einsum("ij,jxyz->ixyz", np.linalg.inv(atlas.labels.affine)[:3, :3], anatomy.template_mm)
    voxels += np.linalg.inv(atlas.labels.affine)[:3, 3][:, None, None, None]
    labels = ndimage.map_coordinates(atlas.labels.data, voxels, order=0).astype(np.int64)
    labels[anatomy.brain < 0.5] = 0
    inside = anatomy.brain > 0.5
    tissues = np.stack([anatomy.gm * inside, anatomy.wm * inside, anatomy.csf * inside])
    scalp = ((anatomy.outside > 0) & ~inside).astype(np.float32)
    names = {region.index: region.name for region in atlas.regions}
    return Person(plan, Phantom(tissues, scalp, labels, names, anatomy.affine))


def write_session(folder: Path, person: Person, seed: int) -> None:
    """Write the images of one participant with their sidecars."""
    label = person.plan.label
    metadata = load_metadata()
    visit = scan_session(person.plan, ANATOMY, {}, seed=seed, voxel_size=VOXEL)
    for name, scan in visit.images.items():
        path = folder / f"sub-{label}" / "anat" / f"sub-{label}_{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = np.round(500 * scan.data).astype(np.int16)
        write_image(path, data, scan.affine, "RAS", seed=seed)
        _write_json(path, {**metadata["common"], **_mapping(metadata["images"][name])})
    for name, series in SERIES.items():
        for recorded in series(person.head, generator(seed, label, name)):
            _write_series(folder / f"sub-{label}", f"sub-{label}", recorded)


def write_dataset(folder: Path, subjects: int, seed: int) -> None:
    """Write a BIDS dataset of several such sessions into a new folder."""
    folder.mkdir(parents=True)
    description = {**load_metadata()["dataset"], "Name": "SIMULATED sessions with known answers"}
    (folder / "dataset_description.json").write_text(json.dumps(description, indent=2))
    (folder / "README.md").write_text("# SIMULATED\n\nNo image shows a person; made by a program.\n")
    rows = ["participant_id\tage\tsex\tgroup"]
    for number in range(subjects):
        person = draw(number, seed)
        rows.append(f"sub-{person.plan.label}\t{person.plan.age}\t{person.plan.sex}\tsimulated")
        write_session(folder, person, seed)
        print(f"sub-{person.plan.label} written", flush=True)
    (folder / "participants.tsv").write_text("\n".join(rows) + "\n")


def _write_series(folder: Path, subject: str, recorded: Recorded) -> None:
    path = folder / recorded.datatype / f"{subject}_{recorded.name}.nii.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(recorded.data.astype(np.float32), recorded.affine)
    image.set_qform(recorded.affine, code=1)
    image.header["descrip"] = b"SIMULATED; shows no person"
    image.header.set_xyzt_units("mm", "sec")
    repetition = recorded.sidecar.get("RepetitionTime")
    if recorded.data.ndim == 4 and isinstance(repetition, float):
        image.header["pixdim"][4] = repetition
    nib.save(image, path)
    _write_json(path, {**load_metadata()["common"], **recorded.sidecar, **_intended(recorded, subject)})
    for ending, text in recorded.texts.items():
        stem = recorded.name.rpartition("_")[0]
        (folder / recorded.datatype / "_".join(filter(None, [subject, stem, ending]))).write_text(text)


def _intended(recorded: Recorded, subject: str) -> dict[str, object]:
    return {"IntendedFor": f"bids::{subject}/perf/{subject}_asl.nii.gz"} if recorded.name == "m0scan" else {}


def _write_json(image: Path, content: Mapping[str, object]) -> None:
    image.with_name(image.name.replace(".nii.gz", ".json")).write_text(json.dumps(content, indent=2))


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r} is no mapping")
    return dict(value)


def main() -> None:
    """Write the dataset."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="BIDS", help="a new folder")
    parser.add_argument("--subjects", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    write_dataset(options.folder, options.subjects, options.seed)


if __name__ == "__main__":
    main()
