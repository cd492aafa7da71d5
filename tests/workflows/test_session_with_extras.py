"""A session with sound PET and a BOLD image that is too short, from aligned anatomy to files and back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bidsapp.bids.cohort import read_cohort
from bidsapp.bids.listing import modalities
from bidsapp.findings import Findings
from bidsapp.inputs import Image, Inputs
from bidsapp.layout import findings_file
from bidsapp.settings import Settings
from bidsapp.workflows.session import init_session_wf
from tests.template_head import PET, write_frames, write_head, write_pet

FACTS = {
    "name": "template",
    "file": "t.nii.gz",
    "origin": "test",
    "sha256": "0",
    "channels": "tissues",
    "folded_voxels": 0,
    "normalisation_ncc": 0.9,
    "mask_overlap": 0.97,
}


def image(modality: str, path: Path, **rest: object) -> Image:
    entry = modalities()[modality]
    return Image(path=path, modality=modality, datatype=entry.datatype, suffix=entry.suffix, **rest)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a session's workflow with PET that is sound and BOLD of five frames."""
    folder = tmp_path_factory.mktemp("session")
    files, volume, labels = write_head(folder)
    pet = write_pet(folder, volume, labels)
    bold = write_frames(
        folder / "sub-1_task-rest_bold.nii.gz", np.repeat(volume.data[..., None], 5, 3), volume.affine
    )
    images = {
        "T1w": image("T1w", Path(files["reference"])),
        "pet": image("pet", Path(pet), entities={"trc": "18FFDG"}, metadata=PET),
        "bold": image("bold", Path(bold), entities={"task": "rest"}, metadata={"RepetitionTime": 2.0}),
    }
    settings = Settings(bids_dir=folder, output_dir=folder / "out", levels=("participant",))
    inputs = Inputs(subject="1", session=None, images=images)
    workflow = init_session_wf(inputs, settings, (), name="session_wf")
    facts, quality = folder / "facts.json", folder / "quality.json"
    facts.write_text(json.dumps({**FACTS, "image": files["reference"]}))
    quality.write_text(json.dumps({"modality": "T1w", "brain_ml": 1400.0}))
    given = workflow.get_node("inputnode").inputs
    given.trait_set(
        mask=files["mask"], GM=files["csf"], WM=files["wm"], CSF=files["csf"], dseg=files["mask"],
        T1w=files["reference"], facts=str(facts), quality=[str(quality)], notes=["mended"],
        native_to_standard=files["standard_to_native"], standard_to_native=files["standard_to_native"],
    )  # fmt: skip
    workflow.base_dir = str(folder / "work")
    workflow.config["execution"] = {"remove_unnecessary_outputs": "false", "crashdump_dir": str(folder)}
    workflow.run(plugin="Linear")
    return folder / "out"


def test_what_is_sound_is_written_under_its_names(out: Path) -> None:
    stem = "sub-1_trc-18FFDG"
    names = {path.name for path in (out / "sub-1" / "pet").iterdir()}
    assert {
        f"{stem}_space-T1w_desc-suvr_pet.nii.gz",
        f"{stem}_space-T1w_desc-patlak_pet.nii.gz",
        f"{stem}_space-MNI152NLin2009cAsym_res-2_desc-patlak_pet.nii.gz",
        f"{stem}_seg-neuromorphometrics_desc-preproc_timeseries.tsv",
        f"{stem}_seg-neuromorphometrics_desc-preproc_timeseries.json",
    } <= names
    assert not (out / "sub-1" / "func").exists()


def test_what_is_bad_costs_a_sentence(out: Path) -> None:
    found = Findings.read(findings_file(out, "1", None, "preproc"))
    assert found.warnings[0] == "mended"
    assert any("bold was left out: it has 5 frames" in warning for warning in found.warnings)
    assert "PET, Patlak slope" in found.summary
    assert "PET activity of regions over time: 9 frames" in found.summary
    assert {"T1w_brain_ml", "pet_frame_motion"} <= {score.name for score in found.scores}


def test_a_cohort_finds_all_again(out: Path) -> None:
    (member,) = read_cohort([out]).members
    assert {"T1w", "pet", "patlak"} <= set(member.native)
    assert {"T1w", "pet", "patlak"} <= set(member.standard)
    assert set(member.series) == {"pet"}
    assert (
        json.loads(member.series["pet"].with_suffix(".json").read_text())["FrameDuration"]
        == PET["FrameDuration"]
    )
