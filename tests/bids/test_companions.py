"""b-values, vectors, the context of ASL and its calibration are found as BIDS lets them lie."""

import nibabel as nib
import numpy as np

from bidsapp.bids.companions import inherited
from bidsapp.bids.query import find_inputs

DWI = "sub-01/dwi/sub-01_acq-a_dir-AP_dwi"
ASL = "sub-01/perf/sub-01_asl"
M0 = {"RepetitionTimePreparation": 6.0, "IntendedFor": "bids::sub-01/perf/sub-01_asl.nii.gz"}


def test_a_series_is_found_with_what_belongs_to_it(make_raw):
    settings = make_raw(
        {
            "sub-01/anat/sub-01_T1w.nii.gz": None,
            "dwi.bval": "0 1000",
            f"{DWI}.nii.gz": None,
            f"{DWI}.bvec": "0 1\n0 0\n0 0",
            "sub-01/dwi/sub-01_acq-b_dir-AP_dwi.bvec": "0 0\n0 1\n0 0",
            f"{ASL}.nii.gz": None,
            f"{ASL}.json": {"ArterialSpinLabelingType": "PCASL"},
            f"{ASL}context.tsv": "volume_type\ncontrol\nlabel\n",
            "sub-01/perf/sub-01_acq-x_m0scan.nii.gz": None,
            "sub-01/perf/sub-01_acq-x_m0scan.json": M0,
            "sub-01/perf/sub-01_acq-y_m0scan.nii.gz": None,
        }
    )
    inputs = find_inputs(settings, "01", None)
    assert set(inputs.images) == {"T1w", "dwi", "asl"}
    files = {name: item.path.name for name, item in inputs.images["dwi"].companions.items()}
    assert files == {"bval": "dwi.bval", "bvec": "sub-01_acq-a_dir-AP_dwi.bvec"}
    companions = inputs.images["asl"].companions
    assert companions["aslcontext"].path.name == "sub-01_aslcontext.tsv"
    assert companions["m0scan"].path.name == "sub-01_acq-x_m0scan.nii.gz"
    assert companions["m0scan"].metadata["RepetitionTimePreparation"] == 6
    assert inputs.images["T1w"].companions == {}


def test_the_nearest_file_with_the_most_entities_applies(tmp_path):
    image = tmp_path / "sub-01" / "ses-1" / "dwi" / "sub-01_ses-1_acq-a_run-1_dwi.nii.gz"
    image.parent.mkdir(parents=True)
    (tmp_path / "dwi.bval").write_text("0")
    assert inherited(image, "dwi", ".bval") == tmp_path / "dwi.bval"
    (tmp_path / "sub-01" / "sub-01_dwi.bval").write_text("0")
    assert inherited(image, "dwi", ".bval").name == "sub-01_dwi.bval"
    for name in ("sub-01_ses-1_dwi", "sub-01_ses-1_acq-a_dwi", "sub-01_ses-1_acq-b_run-1_dwi"):
        image.with_name(f"{name}.bval").write_text("0")
    assert inherited(image, "dwi", ".bval").name == "sub-01_ses-1_acq-a_dwi.bval"
    assert inherited(image, "dwi", ".bvec") is None


def test_the_series_is_taken_and_not_the_volumes_for_its_distortion(make_raw):
    settings = make_raw({"sub-01/anat/sub-01_T1w.nii.gz": None, "sub-01/dwi/x.txt": "x"})
    for direction, count in (("AP", 2), ("PA", 7)):
        image = nib.Nifti1Image(np.ones((4, 4, 4, count), np.uint8), np.diag([40.0, 40, 40, 1]))
        nib.save(image, settings.bids_dir / f"sub-01/dwi/sub-01_dir-{direction}_dwi.nii.gz")
    inputs = find_inputs(settings, "01", None)
    assert inputs.images["dwi"].path.name == "sub-01_dir-PA_dwi.nii.gz"
    assert any("not used: sub-01_dir-AP_dwi.nii.gz" in note for note in inputs.notes)
