"""A small simulated cohort: ellipsoids for heads, and findings that nobody should believe."""

from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bidsapp.findings import Column, Findings, Map, Score, Table
from bidsapp.status import RunStatus, Step

TEMPLATE = "MNI152NLin2009cAsym"


@dataclass(frozen=True)
class Fixture:
    """An output folder and what writes into it."""

    path: Path

    def logs(self, subject: str, session: str | None = None) -> Path:
        return self.path / "logs" / f"sub-{subject}" / (f"ses-{session}" if session else "")

    def image(self, name: str, data: np.ndarray) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        affine = np.diag([4.0, 4.0, 4.0, 1.0])
        affine[:3, 3] = -4.0 * (np.array(data.shape[:3]) - 1) / 2
        nib.save(nib.Nifti1Image(data.astype(np.float32), affine), path)
        return Path(name)

    def maps(self, subject: str) -> tuple[Map, ...]:
        """One image of each kind of display, on 4 mm voxels."""
        folder = f"sub-{subject}/anat"
        head = ball(16)
        return (
            Map(
                path=self.image(f"{folder}/t1.nii.gz", head * 100),
                suffix="T1w",
                title="T1w",
                display="background",
            ),
            Map(
                path=self.image(f"{folder}/mask.nii.gz", head > 0.2),
                suffix="mask",
                title="Brain mask",
                entities={"desc": "brain"},
                display="contour",
            ),
            Map(
                path=self.image(f"{folder}/dseg.nii.gz", np.rint(head * 3)),
                suffix="dseg",
                title="Tissue",
                display="contour",
            ),
            Map(
                path=self.image(f"{folder}/flair.nii.gz", head[::-1] * 50),
                suffix="FLAIR",
                title="FLAIR on T1w",
                entities={"space": "T1w"},
                display="blend",
            ),
            Map(
                path=self.image(f"{folder}/mni.nii.gz", head * 90),
                suffix="T1w",
                title="T1w on the template",
                entities={"space": TEMPLATE},
                display="blend",
            ),
            Map(
                path=self.image("template.nii.gz", head * 80),
                suffix="T1w",
                title=TEMPLATE,
                entities={"space": TEMPLATE},
                display="background",
            ),
        )

    def preproc(self, subject: str, session: str | None = None, **changes: object) -> Findings:
        scores = (
            Score(
                name="T1w_snr",
                value=12.0,
                description="Signal over noise",
                reference=(8.0, 11.0, 15.0),
                light="green",
            ),
        )
        content = {
            "analysis": "preproc",
            "title": "Preprocessing",
            "subject": subject,
            "session": session,
            "summary": "T1w is the reference.",
            "scores": scores,
            "provenance": {TEMPLATE: "sha256 0123"},
        }
        if "maps" not in changes:
            changes["maps"] = self.maps(subject)
        return Findings(**(content | changes))

    def stranger(self, subject: str, session: str | None = None, **changes: object) -> Findings:
        """Findings of an analysis that the house has never heard of."""
        deviation = ball(16)
        deviation[8:10, 8:10, 8:10] = 6.0
        overlay = Map(
            path=self.image(f"sub-{subject}/anat/z.nii.gz", deviation),
            suffix="statmap",
            title="Deviation",
            entities={"space": "T1w"},
            display="projection",
            threshold=3.0,
            metadata={"Units": "z"},
        )
        clusters = Table(
            title="Spots",
            suffix="dseg",
            columns=tuple(Column(name=name, description=f"About {name}") for name in ("rank", "x", "y", "z")),
            rows=((1, 2.0, 2.0, 2.0), (2, -14.0, 6.0, 10.0)),
            display="clusters",
        )
        regions = Table(
            title="Regions",
            suffix="dseg",
            columns=tuple(
                Column(name=name, description="") for name in ("region", "value", "q05", "q50", "q95")
            ),
            rows=(("Left_Elsewhere", 1.0, 0.5, 1.0, 2.0), ("Right_Somewhere", 9.0, 0.5, 1.0, 2.0)),
            display="regions",
        )
        parts = Table(
            title="Parts",
            suffix="dseg",
            columns=tuple(
                Column(name=name, description="")
                for name in ("index", "name", "region", "hemisphere", "value", "q05", "q50", "q95")
            ),
            rows=tuple(
                (2 * i + k, f"{part} of all", part, side, 9.0 * (i == k == 1), 0.0, 1.0, 2.0)
                for i, part in enumerate(("Top", "Bottom", "Middle"))
                for k, side in enumerate(("left", "right"))
            ),
            display="radar",
        )
        content = {
            "analysis": "tea",
            "title": "Tea leaves",
            "subject": subject,
            "session": session,
            "summary": "Two spots were found.",
            "scores": (
                Score(
                    name="spots",
                    value=2.0,
                    description="Number of spots",
                    interval=(1.0, 4.0),
                    interval_meaning="90 %",
                    confidence=0.9,
                ),
            ),
            "maps": (overlay,),
            "tables": (clusters, regions, parts),
            "warnings": ("The water was cold.",),
            "methods": "Leaves were read [@n4; @bids].",
        }
        return Findings(**(content | changes))

    def status(self, subject: str, session: str | None = None, **changes: object) -> RunStatus:
        steps = (Step(name="conform", state="done", seconds=1.5, cpu_seconds=1.4, peak_memory_mb=300.0),)
        content = {
            "subject": subject,
            "session": session,
            "state": "done",
            "version": "0.1.0",
            "steps": steps,
        }
        return RunStatus(**(content | changes))

    def add(self, subject: str, session: str | None = None) -> None:
        """Write a subject with everything."""
        folder = self.logs(subject, session)
        self.preproc(subject, session).write(folder / "findings-preproc.json")
        self.stranger(subject, session).write(folder / "findings-tea.json")
        self.status(subject, session, skipped={"coma": "no PET"}).write(folder / "status.json")


def ball(size: int) -> np.ndarray:
    """A smooth ball, 1 in the middle and 0 at the faces, brighter in front."""
    grid = np.mgrid[:size, :size, :size] - (size - 1) / 2
    radius = np.sqrt((grid**2).sum(axis=0)) / (size / 2)
    return np.clip(1 - radius, 0, 1) * (1 + 0.02 * grid[1])


@pytest.fixture
def output(tmp_path: Path) -> Fixture:
    (tmp_path / "dataset_description.json").write_text('{"Name": "Test cohort (simulated)"}')
    return Fixture(tmp_path)
