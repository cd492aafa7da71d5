"""Maps of diffusion and perfusion get the names that BIDS has for them, with units and their reference."""

import json

import numpy as np
import pytest

from bidsapp.bids.cohort import as_member
from bidsapp.bids.dataset import prepare_output
from bidsapp.bids.query import find_inputs
from bidsapp.bids.sink import write_findings
from bidsapp.cohort import Member
from bidsapp.images.volume import Volume, write_volume
from bidsapp.interfaces.outputs import preprocessing_findings

MNI = "MNI152NLin2009cAsym"
KEYS = ("T1w", "mask", "ADC", "FA", "cbf")
FACTS = {
    "name": MNI,
    "file": "t.nii.gz",
    "origin": "package",
    "sha256": "0",
    "channels": "tissues",
    "folded_voxels": 0,
    "normalisation_ncc": 0.9,
    "mask_overlap": 0.97,
}
QUALITY = (
    {"modality": "T1w", "brain_ml": 1400.0},
    {"modality": "dwi", "motion_mm": 0.4, "outlier_slices": 0.01, "b0_snr": None},
    {"modality": "asl", "motion_mm": 0.2, "gm_cbf": 30.0, "wm_cbf": 20.0, "spatial_cov": 0.5},
)


@pytest.fixture
def written(make_raw, tmp_path):
    settings = make_raw(
        {
            "participants.tsv": "participant_id\tage\nsub-01\t30\n",
            "sub-01/anat/sub-01_T1w.nii.gz": None,
            "sub-01/dwi/sub-01_dwi.nii.gz": None,
            "sub-01/perf/sub-01_cbf.nii.gz": None,
        }
    )
    inputs = find_inputs(settings, "01", None)
    work = tmp_path / "w"
    work.mkdir()
    image = write_volume(
        work / "x.nii.gz", Volume(np.ones((4, 4, 4), np.float32), np.diag([40.0, 40, 40, 1]))
    )
    (work / "x.h5").write_bytes(b"transform")
    ways = dict.fromkeys(("native_to_standard", "standard_to_native"), work / "x.h5")
    volumes = dict.fromkeys(KEYS, image)
    findings = preprocessing_findings(
        Member(subject="01", native=volumes, standard=volumes, transforms=ways),
        dseg=image,
        fine={},
        facts={**FACTS, "image": str(image)},
        quality=QUALITY,
        sources={key: str(item.path) for key, item in inputs.images.items()},
        entities={key: dict(item.entities) for key, item in inputs.images.items()},
        warnings=(),
    )
    prepare_output(settings.output_dir, settings, "0.1.0")
    return write_findings(findings, inputs, settings.output_dir), settings.output_dir


def test_names_units_sources_and_references(written, bids_errors):
    findings, out = written
    names = {item.path.as_posix() for item in findings.maps}
    for folder, suffix in (("dwi", "ADC"), ("dwi", "FA"), ("perf", "cbf")):
        assert f"sub-01/{folder}/sub-01_space-T1w_desc-preproc_{suffix}.nii.gz" in names
        assert f"sub-01/{folder}/sub-01_space-{MNI}_res-2_desc-preproc_{suffix}.nii.gz" in names
    adc = json.loads((out / "sub-01/dwi/sub-01_space-T1w_desc-preproc_ADC.json").read_text())
    assert adc["Units"] == "mm^2/s"
    assert adc["SpatialReference"] == "bids::sub-01/anat/sub-01_desc-preproc_T1w.nii.gz"
    assert adc["Sources"] == ["bids:raw:sub-01/dwi/sub-01_dwi.nii.gz"]
    cbf = json.loads((out / "sub-01/perf/sub-01_space-T1w_desc-preproc_cbf.json").read_text())
    assert cbf["Sources"] == ["bids:raw:sub-01/perf/sub-01_cbf.nii.gz"]
    for name in ("desc-brain_mask", "dseg", f"space-{MNI}_res-2_desc-brain_mask"):
        tissue = json.loads((out / f"sub-01/anat/sub-01_{name}.json").read_text())
        assert tissue["Sources"] == ["bids:raw:sub-01/anat/sub-01_T1w.nii.gz"]
    assert bids_errors(out) == []


def test_what_was_written_is_read_back_by_its_keys(written):
    findings, out = written
    member = as_member(findings, out, {})
    assert set(KEYS) <= set(member.native)
    assert set(KEYS) <= set(member.standard)


def test_flow_outside_of_what_can_be_normal_is_amber_and_the_rest_has_no_light(written):
    lights = {score.name: score.light for score in written[0].scores}
    assert lights["asl_gm_cbf"] == "amber"
    assert lights["dwi_motion_mm"] == lights["asl_spatial_cov"] == ""
    assert "dwi_b0_snr" in lights
