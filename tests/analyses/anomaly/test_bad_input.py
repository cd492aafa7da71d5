"""Controls, subjects and bundles that do not fit: one sentence with file and remedy, exit code 65."""

from dataclasses import replace

import numpy as np
import pytest

from bidsapp.analyses.anomaly import ANALYSIS
from bidsapp.analyses.anomaly.learn import check_learned
from bidsapp.analyses.anomaly.store import read_trained
from bidsapp.cohort import Cohort
from bidsapp.images.volume import Volume, read_volume, write_volume
from bidsapp.recipe import Recipe
from tests.analyses.anomaly.refusing import refused


@pytest.fixture
def train(recipe, tmp_path):
    """Train the plain recipe, with a few values of its own."""

    def run(members, **values):
        own = Recipe("anomaly", {**recipe.values, **values})
        cohort = Cohort(tuple(members))
        return ANALYSIS.train(cohort, own, path=tmp_path / "anomaly", device="cpu", seed=0, options={})

    return run


@pytest.fixture
def patient(make_member):
    return make_member("patient", 100, lesion=0.35)


def with_volume(member, key, path, data, *, of="T1w"):
    """Give the member with a volume on its grid; the data are a function of those of another volume."""
    old = read_volume(member.standard[of])
    new = write_volume(path / f"{member.subject}-{key}.nii.gz", Volume(data(old.data), old.affine))
    return replace(member, standard={**member.standard, key: new})


def card(bundle):
    return (bundle.path / "docs" / "README.md").read_text(encoding="utf-8")


# Controls


def test_one_control_less_than_needed_is_refused_with_the_number(controls, train):
    sentence = refused(train, controls.members[:19])
    assert "at least 20 controls, not 19" in sentence
    assert "add controls or lower minimum_controls in the recipe" in sentence


def test_a_score_that_needs_more_controls_is_refused_before_anything_is_learned(controls, train, tmp_path):
    sentence = refused(train, controls.members, features="latent", score="neighbours", neighbours=40)
    assert "at least 41 controls, not 32" in sentence
    assert not list(tmp_path.iterdir())


def test_an_image_that_some_controls_lack_is_left_out_and_the_card_names_them(controls, train):
    both = [replace(m, standard={**m.standard, "FLAIR": m.standard["T1w"]}) for m in controls.members[3:]]
    bundle = train([*controls.members[:3], *both])
    assert bundle.modalities == ("T1w",)
    sentence = "FLAIR is not used: 3 of 32 controls lack it (sub-c00, sub-c01, sub-c02)."
    assert sentence in bundle.metadata["notes"]
    assert sentence in card(bundle)


def test_no_image_that_all_controls_have_is_refused_with_who_lacks_which(controls, train):
    flair = replace(controls.members[0], standard={**controls.members[0].standard})
    flair.standard["FLAIR"] = flair.standard.pop("T1w")
    sentence = refused(train, [flair, *controls.members[1:]])
    assert "T1w is not used: 1 of 32 controls lack it (sub-c00)." in sentence
    assert "(sub-c01, sub-c02, sub-c03, sub-c04, sub-c05 and others)" in sentence
    assert "Choose other --controls" in sentence


def test_an_empty_image_of_one_control_is_named(controls, train, tmp_path):
    empty = with_volume(controls.members[5], "T1w", tmp_path, np.zeros_like)
    sentence = refused(train, [*controls.members[:5], empty, *controls.members[6:]])
    assert sentence.startswith("sub-c05: ")
    assert "c05-T1w.nii.gz has one value in the whole brain" in sentence


def test_a_truncated_image_of_one_control_is_named(controls, train, tmp_path):
    content = controls.members[5].standard["T1w"].read_bytes()
    (tmp_path / "cut.nii.gz").write_bytes(content[: len(content) // 2])
    cut = replace(
        controls.members[5], standard={**controls.members[5].standard, "T1w": tmp_path / "cut.nii.gz"}
    )
    assert "cut.nii.gz is truncated or corrupt" in refused(
        train, [*controls.members[:5], cut, *controls.members[6:]]
    )


def test_a_network_whose_loss_is_no_number_is_refused_with_the_step():
    check_learned([(20, 1.0), (40, -0.5)])
    sentence = refused(check_learned, [(20, 1.0), (40, float("nan")), (60, float("nan"))])
    assert sentence == "The network's loss is no number from step 40 on; lower learning_rate in the recipe."


def test_voxels_that_are_constant_in_all_controls_give_finite_deviates(controls, train, tmp_path):
    def blank(data):
        changed = data.copy()
        changed[12:20, 18:24, 14:20] = 0.0
        return changed

    members = [with_volume(m, "T1w", tmp_path, blank) for m in controls.members[:20]]
    trained = read_trained(train(members, fwhm_mm=0.0))
    variant = trained.variants["adjusted"]
    assert (variant.model.gaussian.coefficients == 0).all(axis=(0, 2)).sum() > 100
    assert np.isfinite(variant.model.gaussian.precision).all()
    assert np.isfinite(variant.reference.largest).all()


def test_a_control_unlike_the_others_is_named_in_metadata_card_and_log(controls, make_member, train, caplog):
    odd = make_member("odd", 33, noise=0.3)
    bundle = train([*controls.members[:24], odd])
    assert bundle.metadata["outlying_controls"] == ["sub-odd"]
    assert "Controls unlike the others: sub-odd." in card(bundle)
    assert "sub-odd is unlike the other controls; look at its report" in caplog.text


def test_scanners_of_the_controls_are_a_covariate_when_the_recipe_asks(controls, train):
    members = [
        replace(m, covariates={**m.covariates, "site": "AB"[i // 2 % 2]})
        for i, m in enumerate(controls.members)
    ]
    bundle = train(members, covariates=["age", "scanner"])
    design = read_trained(bundle).variants["adjusted"].design
    assert design.terms == ("age", "scanner")
    assert design.scanners.levels == ("A", "B")


# Subject and bundle


def predict(member, bundle, out_dir):
    return ANALYSIS.predict(member, bundle, out_dir=out_dir, device="cpu", seed=0)


def test_a_subject_on_a_finer_grid_is_told_the_resolution(bundle, patient, tmp_path):
    old = read_volume(patient.standard["T1w"])
    fine = Volume(old.data.repeat(2, 0).repeat(2, 1).repeat(2, 2), old.affine @ np.diag([0.5, 0.5, 0.5, 1]))
    path = write_volume(tmp_path / "fine.nii.gz", fine)
    sentence = refused(
        predict, replace(patient, standard={**patient.standard, "T1w": path}), bundle, tmp_path
    )
    assert sentence.startswith("sub-patient: ")
    assert "fine.nii.gz is not on the grid of the model (33x39x33 voxels)" in sentence
    assert "--output-resolution 2" in sentence


def test_a_subject_without_an_image_of_the_bundle_is_told_which(bundle, patient, tmp_path):
    standard = {key: path for key, path in patient.standard.items() if key != "T1w"}
    sentence = refused(predict, replace(patient, standard=standard), bundle, tmp_path)
    assert sentence == (
        "sub-patient has no T1w in standard space; run participant again, or choose a --bundle that does "
        "without it."
    )


def test_white_matter_without_signal_is_refused(bundle, patient, tmp_path):
    dark = with_volume(patient, "T1w", tmp_path, lambda data: np.where(data > 0.6, 0, data))
    sentence = refused(predict, dark, bundle, tmp_path)
    assert sentence.startswith("sub-patient: white matter is not bright")


def test_an_image_of_the_wrong_contrast_is_told_to_be_so(bundle, patient, tmp_path):
    brain = read_volume(patient.standard["mask"]).data
    inverted = with_volume(patient, "T1w", tmp_path, lambda data: np.where(brain > 0.5, 1.3 - data, data))
    findings = predict(inverted, bundle, tmp_path)
    assert findings.summary.startswith("Interpret nothing below")
    assert any("another scanner or sequence" in warning for warning in findings.warnings)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda data: np.where(data > 0.6, np.nan, data), "holds values that are no numbers"),
        (np.ones_like, "has one value in the whole brain"),
    ],
)
def test_an_image_that_holds_nothing_is_named(bundle, patient, tmp_path, harm, sentence):
    said = refused(predict, with_volume(patient, "T1w", tmp_path, harm), bundle, tmp_path)
    assert said.startswith(f"sub-patient: {tmp_path / 'patient-T1w.nii.gz'}")
    assert sentence in said
