"""Write the sample: a small, valid BIDS dataset of simulated heads, with the truth in its derivatives."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp import __version__
from bidsapp.errors import CannotWriteError, UsageError
from bidsapp.files import write_atomically, write_json, write_text
from bidsapp.simulate.plan import ImageName, Plan, PlannedSession, PlannedSubject, load_plan
from bidsapp.simulate.session import ACTIVITY_MBQ, Scan, Visit, scan_session
from bidsapp.simulate.skeleton import skeleton
from bidsapp.simulate.truth import write_truth

__all__ = ["load_metadata", "skeleton", "write_image", "write_sample"]

_SUFFIX: dict[ImageName, tuple[str, str]] = {
    "T1w": ("anat", "T1w"),
    "ceT1w": ("anat", "ce-gadolinium_T1w"),
    "FLAIR": ("anat", "FLAIR"),
    "pet": ("pet", "trc-18FFDG_pet"),
}
#: Axes as scanners store them: sagittal slices for 3-D T1w, radiological axial slices otherwise.
_AXES: dict[ImageName, str] = {"T1w": "PSR", "ceT1w": "PSR", "FLAIR": "LAS", "pet": "LAS"}
_SCALE = 500.0


@functools.cache
def load_metadata() -> dict[str, dict[str, object]]:
    """Read the packaged sidecars of the sample."""
    text = resources.files("bidsapp").joinpath("data/sample/metadata.json").read_text(encoding="utf-8")
    metadata: dict[str, dict[str, object]] = json.loads(text)
    return metadata


def write_sample(
    folder: Path,
    *,
    subjects: Sequence[str] | None = None,
    seed: int = 0,
    voxel_size: float = 1.5,
) -> list[Path]:
    """Write the sample dataset.

    Parameters
    ----------
    folder : Path
        New or empty folder.
    subjects : sequence of str, optional
        Labels of the subjects to write; by default the seven of the plan. A subject has the same
        bytes whichever others are written.
    seed : int
        Same seed, same bytes.
    voxel_size : float
        Edge of a T1w voxel in mm, 0.8 to 4.

    Returns
    -------
    list of Path
        The images written, truth apart.

    Raises
    ------
    bidsapp.errors.UsageError
        A subject is unknown, the seed is negative, or the voxel size is out of range.
    bidsapp.errors.CannotWriteError
        The folder is a file, holds something already, or cannot be written.
    """
    plan = load_plan()
    chosen = plan.select(subjects)
    if not 0.8 <= voxel_size <= 4:
        raise UsageError(f"A voxel size of {voxel_size:g} mm is out of range; choose one from 0.8 to 4 mm.")
    if seed < 0:
        raise UsageError(f"The seed {seed} is negative; choose 0 or a positive whole number.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotWriteError(
            f"{folder} exists and is not an empty folder; choose a new one for the sample."
        )
    _write_dataset(folder, chosen, seed, voxel_size)
    return [path for subject in chosen for path in _write_subject(folder, subject, plan, seed, voxel_size)]


def _write_dataset(folder: Path, subjects: Sequence[PlannedSubject], seed: int, voxel_size: float) -> None:
    metadata = load_metadata()
    made_by = {
        "Name": "bidsapp-sample",
        "Version": __version__,
        "Description": f"SIMULATED with seed {seed} and voxels of {voxel_size:g} mm.",
    }
    write_json(folder / "dataset_description.json", metadata["dataset"] | {"GeneratedBy": [made_by]})
    truth = folder / "derivatives" / "manual"
    write_json(truth / "dataset_description.json", metadata["truth"] | {"GeneratedBy": [made_by]})
    readme = resources.files("bidsapp").joinpath("data/sample/README.md").read_text(encoding="utf-8")
    write_text(folder / "README.md", readme)
    write_text(truth / "README.md", readme)
    rows = ["participant_id\tage\tsex\tgroup\tweight\tsimulated"]
    rows += [f"sub-{s.label}\t{s.age}\t{s.sex}\t{s.group}\t{s.weight:g}\ttrue" for s in subjects]
    write_text(folder / "participants.tsv", "\n".join(rows) + "\n")
    write_json(folder / "participants.json", metadata["participants"])
    for subject in subjects:
        if len(subject.sessions) > 1:
            rows = [
                "session_id\tdays_since_baseline",
                *(f"ses-{s.label}\t{s.days}" for s in subject.sessions),
            ]
            write_text(
                folder / f"sub-{subject.label}" / f"sub-{subject.label}_sessions.tsv", "\n".join(rows) + "\n"
            )
            write_json(folder / "sessions.json", metadata["sessions"])


def _write_subject(
    folder: Path, subject: PlannedSubject, plan: Plan, seed: int, voxel_size: float
) -> list[Path]:
    written = []
    for session in subject.sessions:
        visit = scan_session(subject, session, plan.kinds, seed=seed, voxel_size=voxel_size)
        for name, scan in visit.images.items():
            written.append(_write_scan(_stem(folder, _SUFFIX[name][0], subject, session), name, scan, seed))
        _write_truth(folder, visit, subject, session, seed)
    return written


def _write_scan(stem: Path, name: ImageName, scan: Scan, seed: int) -> Path:
    ending = f"{stem.name}_{_SUFFIX[name][1]}"
    data = np.round(scan.data) if name == "pet" else np.round(scan.data * _SCALE).astype(np.int16)
    metadata = load_metadata()
    content = metadata["common"] | _mapping(metadata["images"][name])
    if name == "pet":
        content |= {"InjectedRadioactivity": ACTIVITY_MBQ}
    write_json(stem.with_name(f"{ending}.json"), content)
    return write_image(stem.with_name(f"{ending}.nii.gz"), data, scan.affine, _AXES[name], seed=seed)


def _write_truth(
    folder: Path, visit: Visit, subject: PlannedSubject, session: PlannedSession, seed: int
) -> None:
    stem = _stem(folder / "derivatives" / "manual", "anat", subject, session)
    source = _stem(folder, "anat", subject, session)
    raw = f"bids:raw:{source.relative_to(folder).as_posix()}_T1w.nii.gz"
    sidecars = {key: _mapping(value) | {"Sources": [raw]} for key, value in load_metadata()["masks"].items()}
    write_truth(
        stem,
        visit,
        sidecars,
        write_image=lambda path, data: write_image(path, data, visit.affine, _AXES["T1w"], seed=seed),
    )


def write_image(
    path: Path, data: NDArray[np.generic], affine: NDArray[np.float64], axes: str, *, seed: int
) -> Path:
    """Write a NIfTI image with the label of a simulation in its header; same content, same bytes.

    Parameters
    ----------
    path : Path
        File ending in ``.nii.gz``.
    data : numpy.ndarray
        Shape ``(x, y, z)``, axes RAS.
    affine : numpy.ndarray
        4x4 matrix to world, mm.
    axes : str
        Axes to store, such as ``"LAS"``.
    seed : int
        Noted in the header.
    """
    import nibabel as nib
    from nibabel import orientations

    image = nib.Nifti1Image(data, affine)
    change = orientations.ornt_transform(nib.io_orientation(affine), orientations.axcodes2ornt(axes))
    image = image.as_reoriented(change)
    image.set_qform(image.affine, code=1)
    image.set_sform(image.affine, code=1)
    image.header["descrip"] = f"SIMULATED by bidsapp-sample, seed {seed}; shows no person".encode()
    image.header.set_xyzt_units("mm", "sec")
    packed = gzip.compress(image.to_bytes(), compresslevel=6, mtime=0)
    return write_atomically(path, lambda stream: stream.write(packed))


def _stem(folder: Path, datatype: str, subject: PlannedSubject, session: PlannedSession) -> Path:
    entities = [f"sub-{subject.label}", *([f"ses-{session.label}"] if session.label else [])]
    return folder.joinpath(*entities, datatype, "_".join(entities))


def _mapping(value: object) -> dict[str, object]:
    assert isinstance(value, Mapping)
    return dict(value)
