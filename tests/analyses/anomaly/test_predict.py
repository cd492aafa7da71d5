from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from bidsapp.analyses.anomaly import ANALYSIS
from bidsapp.analyses.protocol import Analysis
from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume, read_volume, write_volume

LESION = np.array([30.0, -20.0, 25.0])
SHIFT = np.array([5.0, -3.0, 2.0])


@pytest.fixture(scope="module")
def patient(make_member):
    return make_member("patient", 100, lesion=0.35)


@pytest.fixture(scope="module")
def found(predict, patient):
    return predict(patient)


def rows(table):
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def image(findings, suffix):
    return nib.load(next(item.path for item in findings.maps if item.suffix == suffix))


def test_it_is_an_analysis():
    assert isinstance(ANALYSIS, Analysis)


def test_the_implanted_lesion_is_the_first_cluster_at_its_place_in_both_spaces(found):
    top = rows(found.tables[0])[0]
    assert top["p_fwe"] <= 0.05
    assert top["direction"] == "below"
    assert top["hemisphere"] == "right"
    assert np.linalg.norm(np.array([top[f"{axis}_mni"] for axis in "xyz"]) - LESION) < 12
    own = np.array([top[axis] for axis in "xyz"])
    assert np.allclose(own - [top[f"{axis}_mni"] for axis in "xyz"], SHIFT, atol=0.1)
    assert "1 cluster deviates" in found.summary


def test_volume_in_the_subjects_space_is_that_of_the_voxels_when_it_is_only_shifted(found):
    top = rows(found.tables[0])[0]
    mask = image(found, "mask")
    assert top["volume_ml"] == pytest.approx(np.asarray(mask.dataobj).sum() * 0.216, rel=0.35)


def test_maps_are_on_the_grid_they_claim(found, patient):
    native = nib.load(patient.native["T1w"])
    for suffix in ("probseg", "mask", "dseg"):
        assert image(found, suffix).shape == native.shape
        assert np.allclose(image(found, suffix).affine, native.affine)
    assert np.allclose(image(found, "statmap").affine, nib.load(patient.standard["T1w"]).affine)


def test_probability_is_within_0_and_1_and_high_in_the_lesion(found):
    probability = image(found, "probseg")
    values = probability.get_fdata()
    assert values.min() >= 0
    assert values.max() <= 1
    x, y, z = np.rint(np.linalg.inv(probability.affine) @ [*(LESION + SHIFT), 1])[:3].astype(int)
    assert values[x, y, z] > 0.9
    assert np.mean(values > 0.5) < 0.05


def test_a_lesion_that_is_brighter_is_above(predict, make_member):
    top = rows(predict(make_member("bright", 101, lesion=-0.35)).tables[0])[0]
    assert top["direction"] == "above"
    assert top["peak_z"] > 3


def test_healthy_people_mostly_show_no_cluster(predict, make_member):
    results = [predict(make_member(f"h{seed}", seed)) for seed in range(200, 206)]
    counts = [item.scores[0].value for item in results]
    assert sum(count > 0 for count in counts) <= 2
    assert any("No cluster deviates" in item.summary for item in results)


def test_regions_have_both_thalami_and_the_controls_quantiles(found):
    table = rows(found.tables[1])
    thalami = [row for row in table if "Thalamus" in row["name"]]
    assert {row["hemisphere"] for row in thalami} == {"left", "right"}
    for row in table:
        assert 0 <= row["q05"] <= row["q50"] <= row["q95"] <= 100
        assert 0 < row["p"] <= 1
    worst = min(table, key=lambda row: row["p"] - row["value"] / 1e6)
    assert worst["hemisphere"] == "right"


def test_without_age_the_model_of_the_mean_is_used_and_said(predict, patient):
    findings = predict(replace(patient, covariates={}))
    assert any("all ages" in warning for warning in findings.warnings)
    assert "no covariates" in findings.methods


def test_an_age_outside_of_the_controls_is_said(predict, make_member):
    findings = predict(make_member("old", 102, age=99.0))
    assert any("The age of 99 lies outside" in warning for warning in findings.warnings)


def test_a_scan_of_another_kind_is_not_to_be_interpreted(predict, make_member):
    findings = predict(make_member("other", 103, noise=0.12))
    assert any("as a whole differs" in warning for warning in findings.warnings)
    assert findings.summary.startswith("Interpret nothing")


def test_the_unit_of_the_scanner_does_not_matter(predict, patient, make_member, found):
    scaled = predict(make_member("gain", 100, lesion=0.35, gain=731.0))
    assert scaled.scores[2].value == pytest.approx(found.scores[2].value, rel=1e-3)


def test_volumes_on_another_grid_are_refused(predict, patient, tmp_path):
    volume = read_volume(patient.standard["T1w"])
    other = write_volume(tmp_path / "other.nii.gz", Volume(volume.data[:-1], volume.affine))
    with pytest.raises(BadDataError, match="not on the grid of the model"):
        predict(replace(patient, standard={**patient.standard, "T1w": other}))


def test_no_white_matter_is_refused(predict, patient, tmp_path):
    volume = read_volume(patient.standard["WM"])
    empty = write_volume(tmp_path / "wm.nii.gz", Volume(volume.data * 0, volume.affine))
    with pytest.raises(BadDataError, match="white matter"):
        predict(replace(patient, standard={**patient.standard, "WM": empty}))


def test_a_bundle_of_another_analysis_is_refused(patient, bundle, tmp_path):
    other = Bundle(bundle.path, {**bundle.metadata, "analysis": "ms"})
    with pytest.raises(BadDataError, match="belongs to analysis ms"):
        ANALYSIS.predict(patient, other, out_dir=tmp_path, device="cpu", seed=0)


def test_findings_survive_being_written(found, tmp_path):
    again = type(found).read(found.write(tmp_path / "findings.json"))
    assert again.tables == found.tables
    assert again.scores == found.scores
