"""A subject who has a lesion mask in standard space and no image, by the command line and back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bidsapp.analyses.coma.encoding import encode, lesion_load
from bidsapp.bids.cohort import read_cohort
from bidsapp.cli.main import main
from bidsapp.images.shares import share_on
from bidsapp.images.templates import template_grid
from bidsapp.images.volume import Volume, read_volume, write_volume
from bidsapp.layout import status_file
from bidsapp.status import RunStatus

VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")
MASK = "sub-{0}/anat/sub-{0}_space-MNI152NLin2009cAsym_label-L_mask.nii.gz"


def write_dataset(root: Path) -> Path:
    """Write a ball of 15 mm radius beside the thalamus of one subject; another's file is no mask."""
    write_json = {"Name": "SIMULATED: masks alone", "BIDSVersion": "1.10.0", "DatasetType": "raw"}
    manual = root / "derivatives" / "manual"
    for label in ("one", "two"):
        (root / f"sub-{label}" / "anat").mkdir(parents=True)
        (manual / MASK.format(label)).parent.mkdir(parents=True)
    (root / "dataset_description.json").write_text(json.dumps(write_json))
    own = {**write_json, "DatasetType": "derivative", "GeneratedBy": [{"Name": "a person"}]}
    (manual / "dataset_description.json").write_text(json.dumps(own))
    (root / "participants.tsv").write_text("participant_id\tage\nsub-one\t40\nsub-two\t50\n")
    affine = np.array([[-1.0, 0, 0, 78], [0, 1, 0, -112], [0, 0, 1, -50], [0, 0, 0, 1]])
    points = np.stack(np.meshgrid(*(np.arange(n) for n in (157, 189, 136)), indexing="ij"), axis=-1)
    ball = np.linalg.norm(points @ affine[:3, :3].T + affine[:3, 3] - (-20, -20, 10), axis=-1) < 15
    write_volume(manual / MASK.format("one"), Volume(ball.astype(np.float32), affine), dtype=np.uint8)
    write_volume(manual / MASK.format("two"), Volume(ball * np.float32(7), affine), dtype=np.uint8)
    return root


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    folder = tmp_path_factory.mktemp("lesion")
    bids = write_dataset(folder / "bids")
    arguments = [str(bids), str(folder / "out"), "participant", "--skip-bids-validation"]
    return folder, main(arguments)


def test_a_mask_alone_is_enough(done: tuple[Path, int]) -> None:
    status = RunStatus.read(status_file(done[0] / "out", "one", None))
    assert (status.state, status.error) == ("done", "")
    assert {step.name for step in status.steps} >= {"session_wf.take_lesion", "session_wf.write_preproc"}


def test_what_is_no_mask_fails_in_a_sentence(done: tuple[Path, int]) -> None:
    status = RunStatus.read(status_file(done[0] / "out", "two", None))
    assert status.state == "failed"
    assert "it is no mask: it has values beside 0 and 1" in status.error
    assert done[1] != 0


def test_the_analysis_reads_what_a_benchmark_reads(done: tuple[Path, int]) -> None:
    (member,) = read_cohort([done[0] / "out"]).members
    assert set(member.standard) == {"lesion"}
    patient = encode(member, atlas="neuromorphometrics")
    mask = read_volume(done[0] / "bids" / "derivatives" / "manual" / MASK.format("one"))
    shares, log_volume = lesion_load(share_on(mask, template_grid(2)).data, "neuromorphometrics")
    assert patient.regions["lesion"] == pytest.approx(shares, abs=1e-6)
    assert patient.clinical["log_volume"] == pytest.approx(log_volume, abs=1e-6)
    assert np.expm1(log_volume) == pytest.approx(4 / 3 * np.pi * 1.5**3, rel=0.01)
    assert max(shares, key=shares.__getitem__).startswith("left")


@pytest.mark.skipif(not VALIDATOR.exists(), reason="bids-validator-deno is not installed")
def test_derivatives_are_valid(done: tuple[Path, int]) -> None:
    told = subprocess.run([VALIDATOR, "--json", done[0] / "out"], capture_output=True, text=True, check=False)
    issues = json.loads(told.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []
