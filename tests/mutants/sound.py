"""Sound files, small and plain, that mutants are made of."""

from __future__ import annotations

import nibabel as nib
import numpy as np

AFFINE = np.diag([8.0, 8.0, 8.0, 1.0])
KINDS_OF_ASL = ("control", "label") * 5
SIDECAR: dict[str, object] = {
    "ArterialSpinLabelingType": "PCASL",
    "BackgroundSuppression": True,
    "BackgroundSuppressionNumberPulses": 2,
    "EchoTime": 0.03,
    "FrameDuration": [60] * 10,
    "FrameTimesStart": [60 * t for t in range(10)],
    "ImageDecayCorrected": False,
    "ImageType": ["ORIGINAL", "PRIMARY"],
    "InjectionStart": 0,
    "IntendedFor": ["anat/sub-01_T1w.nii.gz"],
    "LabelingDuration": 1.8,
    "MRAcquisitionType": "2D",
    "MagneticFieldStrength": 3,
    "PatientName": "Doe^Jane",
    "PostLabelingDelay": 1.8,
    "RepetitionTime": 2.0,
    "RepetitionTimePreparation": [5, 5],
    "SliceEncodingDirection": "k-",
    "SliceTiming": [0.0, 0.5, 1.0, 1.5],
    "TracerRadionuclide": "F18",
}
FILTERS: dict[str, object] = {
    "t1w": {"acquisition": "mprage", "run": [1, 2]},
    "bold": {"task": "rest", "ses": None},
}
CONFIG = """nprocs = 2
mem-gb = 4.5
device = "cpu"
participant-label = ["01", "02"]
random-seed = 3
"""
BVALS = "0 1000 1000 1000 1000 1000 1000 1000\n"


def table(*rows: str) -> str:
    """Give tab-separated text of rows that are written with spaces."""
    return "".join(row.replace(" ", "\t") + "\n" for row in rows)


PEOPLE = table(
    "participant_id age sex group", "sub-01 40 F control", "sub-02 89+ M patient", "sub-03 n/a F x"
)
TABLES = {
    "participants.tsv": PEOPLE,
    "phenotype/crsr.tsv": table(
        "participant_id session_id days crsr_total crsr_visual",
        "sub-01 ses-01 12 9 2",
        "sub-01 ses-02 60 14 3",
    ),
    "sub-01/sub-01_sessions.tsv": table("session_id acq_time", "ses-01 1900-01-01T00:00:00"),
    "aslcontext.tsv": table("volume_type", *KINDS_OF_ASL),
    "sub-01_task-rest_timeseries.tsv": table(
        "left right n3", *(f"{np.sin(t):.3f} {np.sin(2 * t):.3f} {np.sin(3 * t):.3f}" for t in range(30))
    ),
}


def vectors() -> str:
    """Give eight gradient directions in FSL's three rows."""
    found = np.random.default_rng(0).normal(size=(3, 8))
    found /= np.linalg.norm(found, axis=0)
    return "".join(" ".join(f"{number:.5f}" for number in row) + "\n" for row in found)


def image(shape: tuple[int, ...], *, dtype: str = "int16") -> bytes:
    """Give an uncompressed NIfTI-1 image of 8 mm."""
    values = np.random.default_rng(0).integers(0, 50, shape).astype(dtype)
    made = nib.Nifti1Image(values, AFFINE)
    made.set_qform(AFFINE, code=1)
    return bytes(made.to_bytes())
