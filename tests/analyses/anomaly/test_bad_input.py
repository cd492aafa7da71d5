"""Controls, subjects and bundles that do not fit: one sentence with file and remedy, exit code 65."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from bidsapp.analyses.anomaly import ANALYSIS
from bidsapp.analyses.anomaly.learn import check_learned, untrained
from bidsapp.analyses.anomaly.learned import Learned
from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.quantities import Intensity, LearnedFeatures, Strangeness
from bidsapp.analyses.anomaly.space import Space
from bidsapp.analyses.anomaly.store import read_trained
from bidsapp.analyses.anomaly.store_quantity import quantity_tensors, read_quantity
from bidsapp.bundle import Bundle
from bidsapp.bundle_checks import REQUIRED
from bidsapp.cohort import Cohort
from bidsapp.errors import BadDataError, ExitCode
from bidsapp.images.volume import Grid, Volume, read_volume, write_volume
from bidsapp.oneclass.svm import pack
from bidsapp.recipe import Recipe

LATENT = {"features": "latent", "score": "svm", "calibration": "pooled", "latent": 4}


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


def refused(work, *args, **values):
    """Give the one sentence with which something is refused, with the exit code of bad data."""
    with pytest.raises(BadDataError) as caught:
        work(*args, **values)
    assert caught.value.code == ExitCode.BAD_DATA
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


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


# Damaged bundles


def copy_with(bundle, path, key, change):
    """Copy a bundle and change the arrays of one of its files."""
    shutil.copytree(bundle.path, path)
    arrays = load_file(path / "models" / f"{key}.safetensors")
    change(arrays)
    save_file(
        {name: np.ascontiguousarray(array) for name, array in arrays.items()},
        path / "models" / f"{key}.safetensors",
    )
    return Bundle.read(path)


@pytest.mark.parametrize(
    ("key", "change", "sentence"),
    [
        ("space", lambda arrays: arrays.update(mask=arrays["mask"][:-900]), "is of .* voxels, not"),
        ("adjusted", lambda arrays: arrays.update(tail=arrays["tail"][1:]), "tail is of .* voxels, not"),
        ("plain", lambda arrays: arrays.pop("sd"), "sd"),
    ],
)
def test_a_damaged_model_is_named(bundle, tmp_path, key, change, sentence):
    broken = copy_with(bundle, tmp_path / "broken", key, change)
    said = refused(read_trained, broken)
    assert said.startswith(f"Bundle {tmp_path / 'broken'} is damaged")
    assert said.endswith("train it again.")
    with pytest.raises(BadDataError, match=sentence):
        read_trained(broken)


def test_a_truncated_file_of_a_bundle_is_named(bundle, tmp_path):
    shutil.copytree(bundle.path, tmp_path / "broken")
    file = tmp_path / "broken" / "models" / "adjusted.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    assert str(file) in refused(Bundle.read, tmp_path / "broken")


@pytest.fixture(scope="module")
def seen():
    mask = np.zeros((20, 20, 4), dtype=bool)
    mask[2:18, 2:18] = True
    return Intensity(("T1w",), Space(Grid(mask.shape, np.eye(4)), mask), 0.0)


@pytest.fixture(scope="module")
def learned(recipe):
    return Learned.of(Recipe("anomaly", {**recipe.values, **LATENT}))


@pytest.fixture(scope="module")
def machine_bundle(seen, learned, tmp_path_factory):
    """A bundle of an untrained network and machines with random weights: enough to be read back."""
    voxels, rng = seen.space.voxels, np.random.default_rng(0)
    values = rng.normal(size=(12, voxels, 4)).astype(np.float32)
    machine = pack(values, rng.uniform(size=(voxels, 12)), np.ones(voxels), np.ones(voxels))
    quantity = Strangeness(LearnedFeatures(seen, untrained(learned, 1).eval(), "latent", 2), machine, 0.0)
    return Bundle.write(
        tmp_path_factory.mktemp("machine") / "anomaly",
        metadata=dict.fromkeys(REQUIRED, "test"),
        tensors=quantity_tensors(quantity),
        card="",
        licence="",
    )


def test_a_sound_network_and_machine_are_read(machine_bundle, seen, learned):
    assert isinstance(read_quantity(machine_bundle, seen, learned, "cpu"), Strangeness)


def _fewer_voxels(arrays):
    gone = int(arrays["count"][-1])
    for name in ("count", "centre", "rho", "gamma"):
        arrays[name] = arrays[name][:-1]
    for name in ("weights", "vectors"):
        arrays[name] = arrays[name][:-gone]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda arrays: arrays.pop("rho"), "they lack rho"),
        (lambda arrays: arrays.update(weights=arrays["weights"][1:]), "weights has"),
        (lambda arrays: arrays["vectors"].fill(np.nan), "a number is not finite"),
        (_fewer_voxels, "they are of 1023 voxels and 4 features, not 1024 and 4"),
        (
            lambda arrays: arrays.update(vectors=arrays["vectors"][:, :3], centre=arrays["centre"][:, :3]),
            "3 features, not 1024 and 4",
        ),
    ],
    ids=["missing", "shorter", "not finite", "another brain", "other features"],
)
def test_damaged_machines_are_named(machine_bundle, seen, learned, tmp_path, change, sentence):
    broken = copy_with(machine_bundle, tmp_path / "broken", "machine", change)
    said = refused(read_quantity, broken, seen, learned, "cpu")
    assert said.startswith(f"Bundle {tmp_path / 'broken'}: its one-class machines are damaged")
    assert sentence in said


def test_a_network_of_another_recipe_is_named_in_one_sentence(machine_bundle, seen, learned):
    said = refused(read_quantity, machine_bundle, seen, replace(learned, latent=5), "cpu")
    assert said.startswith(f"Bundle {machine_bundle.path}: its network is not that of its recipe")
    said = refused(read_quantity, machine_bundle, seen, replace(learned, representation="bigan"), "cpu")
    assert "its network is not that of its recipe" in said


def test_a_bundle_that_does_not_say_its_recipe_is_refused(bundle, tmp_path):
    shutil.copytree(bundle.path, tmp_path / "broken")
    file = tmp_path / "broken" / "configs" / "metadata.json"
    metadata = json.loads(file.read_text())
    del metadata["recipe"]
    file.write_text(json.dumps(metadata))
    assert "does not say its recipe" in refused(read_trained, Bundle.read(tmp_path / "broken"))


def test_a_bundle_of_another_version_is_refused(bundle, tmp_path):
    shutil.copytree(bundle.path, tmp_path / "old")
    file = tmp_path / "old" / "configs" / "metadata.json"
    metadata = json.loads(file.read_text())
    del metadata["recipe"]["features"]
    file.write_text(json.dumps(metadata))
    assert "'features'); train it again" in refused(read_trained, Bundle.read(tmp_path / "old"))


def test_the_packaged_bundle_is_read():
    trained = read_trained(Bundle.read(ANALYSIS.bundle))
    assert "T1w" in trained.channels
    assert "plain" in trained.variants


def test_what_a_recipe_of_two_critics_gives_a_machine_is_known(recipe):
    values = {**recipe.values, **LATENT, "features": "discriminator"}
    assert Options.of(Recipe("anomaly", {**values, "representation": "bigan"})).learned.numbers == 4
    assert Options.of(Recipe("anomaly", {**values, "representation": "contextual"})).learned.numbers == 8
