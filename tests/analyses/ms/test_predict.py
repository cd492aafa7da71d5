"""What becomes of a reading; the networks are untrained, so that only sums, grids and names count."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from bidsapp.analyses.ms import ANALYSIS
from bidsapp.analyses.ms.channels import PRIOR
from bidsapp.analyses.ms.earlier import read_earlier
from bidsapp.analyses.ms.grid import read_images, work_space
from bidsapp.analyses.ms.maps import in_standard
from bidsapp.analyses.ms.networks import read_trained
from bidsapp.analyses.ms.predict import _compare as compare_with_earlier
from bidsapp.analyses.ms.reading import read_session
from bidsapp.analyses.ms.remarks import partial, unlike
from bidsapp.bids.sink import write_findings
from bidsapp.errors import BadDataError
from bidsapp.images.templates import template_grid
from bidsapp.images.volume import Volume, read_volume
from tests.analyses.ms.conftest import VOXELS

VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")


@pytest.fixture(scope="module")
def findings(make_member, bundle, tmp_path_factory):
    before = make_member("p1", "01")
    member = replace(make_member("p1", "02"), earlier=before)
    return ANALYSIS.predict(member, bundle, out_dir=tmp_path_factory.mktemp("maps"), device="cpu", seed=0)


@pytest.fixture(scope="module")
def output(findings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    description = {"Name": "x", "BIDSVersion": "1.10.0", "DatasetType": "derivative"}
    description["GeneratedBy"] = [{"Name": "bidsapp"}]
    (folder / "dataset_description.json").write_text(json.dumps(description))
    return folder, write_findings(findings, None, folder)


def test_each_map_has_its_bids_name(output):
    folder, _ = output
    stem = "sub-p1/ses-02/anat/sub-p1_ses-02_"
    names = {str(path.relative_to(folder)) for path in folder.rglob("sub-*.nii.gz")}
    assert names == {
        f"{stem}space-T1w_label-L_desc-lesion_mask.nii.gz",
        f"{stem}space-T1w_label-L_desc-lesion_probseg.nii.gz",
        f"{stem}space-T1w_label-L_desc-active_mask.nii.gz",
        f"{stem}space-T1w_label-L_desc-active_probseg.nii.gz",
        f"{stem}space-T1w_label-L_desc-uncertainty_probseg.nii.gz",
        f"{stem}space-T1w_label-L_desc-variance_probseg.nii.gz",
        f"{stem}space-T1w_label-L_desc-mutualinformation_probseg.nii.gz",
        f"{stem}space-T1w_seg-lesions_dseg.nii.gz",
        f"{stem}space-T1w_desc-synthgd_T1w.nii.gz",
        f"{stem}space-T1w_desc-synthgderror_T1w.nii.gz",
        f"{stem}space-MNI152NLin2009cAsym_res-2_label-L_desc-lesion_mask.nii.gz",
    }
    assert (folder / f"{stem}seg-lesions_dseg.tsv").is_file()


def test_maps_lie_on_the_grid_of_the_images_and_say_what_they_are(output):
    folder, findings = output
    for item in findings.maps:
        image = nib.load(folder / item.path)
        standard = item.entities["space"] != "T1w"
        assert image.shape == (template_grid(2).shape if standard else VOXELS)
        data = image.get_fdata()
        if item.suffix == "probseg":
            assert 0 <= data.min() <= data.max() <= 1
        assert item.metadata["IntendedUse"] == "research only"
    synthesised = [item for item in findings.maps if "synthgd" in item.entities.get("desc", "")]
    assert all(item.metadata["Synthesised"] is True for item in synthesised)


def test_small_lesions_keep_their_volume_in_standard_space():
    grid, rng = template_grid(1), np.random.default_rng(0)
    numbers = np.zeros(grid.shape, np.float32)
    for x, y, z in rng.integers(40, 140, size=(800, 3)):
        numbers[x : x + 2, y : y + 2, z : z + 1] = 1  # 4 mm3, half a voxel of 2 mm
    moved = in_standard(Volume(numbers, grid.affine), sitk.Transform(3, sitk.sitkIdentity))
    assert set(np.unique(moved.data)) == {0.0, 1.0}
    assert moved.data.sum() * 8 == pytest.approx(numbers.sum(), rel=0.1)


def test_table_masks_and_scores_tell_of_the_same_lesions(output):
    folder, findings = output
    numbers = nib.load(
        folder / "sub-p1/ses-02/anat/sub-p1_ses-02_space-T1w_seg-lesions_dseg.nii.gz"
    ).get_fdata()
    mask = nib.load(
        folder / "sub-p1/ses-02/anat/sub-p1_ses-02_space-T1w_label-L_desc-lesion_mask.nii.gz"
    ).get_fdata()
    scores = {score.name: score.value for score in findings.scores}
    rows = findings.tables[0].rows
    assert scores["lesions"] == len(rows) > 0, "an untrained network at a threshold of 2 % marks something"
    assert np.array_equal(numbers > 0, mask > 0)
    assert set(np.unique(numbers)) <= set(range(len(rows) + 1))
    columns = [column.name for column in findings.tables[0].columns]
    volumes = [row[columns.index("volume_mm3")] for row in rows]
    assert volumes == sorted(volumes, reverse=True)
    assert scores["lesion_load_ml"] == pytest.approx(sum(volumes) / 1000, rel=0.01)
    assert "change" in columns
    assert "new_lesions" in scores


def test_what_several_networks_disagree_on_is_told_of_each_lesion(make_member, bundle, findings):
    reading = read_session(make_member("p1", "02"), read_trained(bundle, "cpu"), "cpu")
    assert np.allclose(reading.doubts["variance"], 4 * np.var(reading.samples, axis=0), atol=1e-5)
    assert replace(reading, samples=reading.samples[:1]).doubts == {}
    names = [column.name for column in findings.tables[0].columns]
    own = np.array([row[names.index("variance")] for row in findings.tables[0].rows])
    assert ((own >= 0) & (own <= 1)).all()
    assert own.max() > 0
    assert "mutual_information" in names


def test_words_say_what_was_read_and_what_it_is_not(findings):
    assert "T1w, FLAIR together with the FLAIR of the earlier session" in findings.methods
    assert findings.provenance["contrasts"] == "T1w, FLAIR, prior_FLAIR"
    said = " ".join(findings.warnings)
    assert "but the earlier session" not in said
    assert "was synthesised by a network" in said
    assert "predicted without contrast agent" in said
    assert findings.summary.endswith("For research use only.")


@pytest.mark.skipif(not VALIDATOR.exists(), reason="bids-validator-deno is not installed")
def test_the_output_is_valid_bids(output):
    done = subprocess.run([VALIDATOR, "--json", output[0]], capture_output=True, text=True, check=False)
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []


def test_the_probability_is_the_mean_of_the_networks_and_zero_outside_of_the_brain(make_member, bundle):
    member = make_member("p1", "02")
    reading = read_session(member, read_trained(bundle, "cpu"), "cpu")
    assert len(reading.samples) == 3
    assert np.allclose(reading.lesion.probability, np.mean(reading.samples, axis=0), atol=1e-6)
    outside = work_space(member).mask.data < 0.5
    assert reading.lesion.probability[outside].max() < 1e-6
    assert all(item[outside].max() == 0 for item in reading.active_samples)
    assert (reading.earlier, reading.before) == (None, None)
    assert (reading.post[outside] == 0).all()


def test_each_lesion_is_in_the_label_map_or_said_not_to_be(findings):
    labels = nib.load(next(item.path for item in findings.maps if item.suffix == "dseg")).get_fdata()
    lost = len(findings.tables[0].rows) - (np.unique(labels).size - 1)
    said = [text for text in findings.warnings if "fell between the slices" in text]
    assert [text.split()[3] for text in said] == [str(lost)] * bool(lost)


def test_without_a_t1w_nothing_is_synthesised(make_member, bundle, tmp_path):
    findings = ANALYSIS.predict(
        make_member("flair", contrasts=("FLAIR",)), bundle, out_dir=tmp_path, device="cpu", seed=0
    )
    assert not [item for item in findings.maps if item.suffix == "T1w"]
    assert {item.entities["space"] for item in findings.maps} == {"FLAIR", "MNI152NLin2009cAsym"}
    assert not any("synthesised" in said for said in findings.warnings)


def test_an_earlier_session_that_cannot_be_aligned_is_said(make_member, bundle, tmp_path):
    apart = make_member("p1", "01", bend=3.0)
    member = replace(make_member("p1", "02"), earlier=apart)
    findings = ANALYSIS.predict(member, bundle, out_dir=tmp_path, device="cpu", seed=0)
    assert any("sub-p1_ses-01 could not be used" in said for said in findings.warnings)
    assert "change" not in [column.name for column in findings.tables[0].columns]


def test_a_contrast_that_leaves_a_part_of_the_brain_out_is_said(make_member):
    member = make_member("p1", "02")
    space = work_space(member)
    images = read_images(member, space)
    reading = SimpleNamespace(space=space, images=images)
    assert partial(member, reading) == ()
    half = np.arange(space.grid.shape[2]) < space.grid.shape[2] // 2
    reading.images["FLAIR"] = images["FLAIR"].with_data(images["FLAIR"].data * half)
    (said,) = partial(member, reading)
    assert said.startswith("FLAIR of sub-p1_ses-02 shows 5")


def test_an_earlier_session_read_with_other_contrasts_is_said(make_member):
    """What only FLAIR shows is called new where the earlier session has none: the reader must know."""
    then = make_member("p2", "01", contrasts=("T1w",))
    member = replace(make_member("p2", "02"), earlier=then)
    space = work_space(member)
    images, earlier = read_images(member, space), read_earlier(member, space)
    assert unlike(member.name, images, earlier) == (
        "sub-p2_ses-02 was read with T1w, FLAIR, but the earlier session sub-p2_ses-01 with T1w: what is "
        "called change may come from that alone.",
    )
    assert unlike(member.name, {**earlier.images, PRIOR: None}, earlier) == ()


def test_a_lesion_beyond_the_earlier_scan_is_not_called_new(make_member, bundle):
    member = replace(make_member("p1", "02"), earlier=make_member("p1", "01"))
    trained = read_trained(bundle, "cpu")
    reading = read_session(member, replace(trained, networks=trained.networks[:1]), "cpu")
    labels = np.zeros(reading.before.shape, dtype=np.int32)
    labels[20:24, 20:24, 20:24] = 1
    nothing = replace(reading, before=np.zeros_like(reading.before))
    assert compare_with_earlier(nothing, labels, trained).changes[0].kind == "unclear", "as bright before"
    flair = reading.images["FLAIR"]
    nothing.images["FLAIR"] = flair.with_data(flair.data + 2 * (labels > 0))
    assert compare_with_earlier(nothing, labels, trained).changes[0].kind == "new"
    brain = reading.earlier.brain
    short = brain.with_data(brain.data * (np.arange(labels.shape[2]) > 30))
    cut = replace(nothing, earlier=replace(reading.earlier, brain=short))
    assert compare_with_earlier(cut, labels, trained).changes[0].kind == "unclear"


def test_sessions_of_unknown_order_are_said_with_the_remedy(make_member, bundle, tmp_path):
    member = replace(make_member("p1", "followup"), unordered=("baseline",))
    findings = ANALYSIS.predict(member, bundle, out_dir=tmp_path, device="cpu", seed=0)
    assert (
        "Which of sub-p1_ses-followup and ses-baseline came first is not known, so change is not told; give "
        "acq_time in sub-p1_sessions.tsv, or number the sessions."
    ) in findings.warnings


@pytest.mark.parametrize("missing", ["GM", "CSF", "native_to_standard", "standard_to_native"])
def test_what_describing_needs_is_asked_for_before_the_networks_run(make_member, bundle, tmp_path, missing):
    member = make_member("p1", "02")
    lacking = replace(
        member,
        native={key: path for key, path in member.native.items() if key != missing},
        transforms={key: path for key, path in member.transforms.items() if key != missing},
    )
    with pytest.raises(BadDataError, match=f"sub-p1_ses-02 has no .*{missing}"):
        ANALYSIS.predict(lacking, bundle, out_dir=tmp_path, device="cpu", seed=0)
    assert read_volume(member.native["GM"]).data.any()
