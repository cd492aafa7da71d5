"""A BIDS dataset of many subjects and hardly any bytes, for tests of scale."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bidsapp.errors import UsageError

_IMAGES = (("anat", "T1w"), ("anat", "FLAIR"))


def skeleton(folder: Path, n_subjects: int, n_sessions: int = 0) -> list[str]:
    """Write a dataset whose images are hard links to one tiny NIfTI file.

    Parameters
    ----------
    folder : Path
        New or empty folder, on a file system that has hard links.
    n_subjects : int
        Number of subjects, labelled ``0001`` and so on; every other one is a control.
    n_sessions : int
        Sessions of each subject; 0 leaves the session level out.

    Returns
    -------
    list of str
        Labels of the subjects.

    Raises
    ------
    bidsapp.errors.UsageError
        There is no subject to write, or the number of sessions is negative.
    """
    if n_subjects < 1 or n_sessions < 0:
        raise UsageError(
            f"A skeleton of {n_subjects} subjects and {n_sessions} sessions cannot be; give one subject."
        )
    folder.mkdir(parents=True, exist_ok=True)
    labels = [f"{number:04d}" for number in range(1, n_subjects + 1)]
    description = {
        "Name": "SIMULATED skeleton: tiny empty images, no person",
        "BIDSVersion": "1.10.0",
        "DatasetType": "raw",
    }
    (folder / "dataset_description.json").write_text(
        json.dumps(description, indent=2) + "\n", encoding="utf-8"
    )
    (folder / "README").write_text("SIMULATED: tiny images for tests of scale.\n", encoding="utf-8")
    rows = [
        f"sub-{label}\t{20 + i % 60}\t{'FM'[i % 2]}\t{'control' if i % 2 else 'patient'}"
        for i, label in enumerate(labels)
    ]
    table = "\n".join(["participant_id\tage\tsex\tgroup", *rows]) + "\n"
    (folder / "participants.tsv").write_text(table, encoding="utf-8")
    for suffix in ("T1w", "FLAIR"):
        (folder / f"{suffix}.json").write_text('{"Simulated": true}\n', encoding="utf-8")
    first: Path | None = None
    for path in _images(folder, labels, n_sessions):
        path.parent.mkdir(parents=True, exist_ok=True)
        if first is None:
            path.write_bytes(_tiny_image())
            first = path
        else:
            os.link(first, path)
    return labels


def _images(folder: Path, labels: list[str], n_sessions: int) -> Iterator[Path]:
    visits = [f"ses-{number:02d}" for number in range(1, n_sessions + 1)] or [""]
    for label in labels:
        for visit in visits:
            entities = [f"sub-{label}", *([visit] if visit else [])]
            for datatype, suffix in _IMAGES:
                yield folder.joinpath(*entities, datatype, "_".join([*entities, suffix]) + ".nii.gz")


def _tiny_image() -> bytes:
    import nibabel as nib

    image = nib.Nifti1Image(
        np.arange(4**3, dtype=np.int16).reshape(4, 4, 4), np.diag([50.0, 50.0, 50.0, 1.0])
    )
    image.header["descrip"] = b"SIMULATED skeleton; shows no person"
    return gzip.compress(image.to_bytes(), mtime=0)
