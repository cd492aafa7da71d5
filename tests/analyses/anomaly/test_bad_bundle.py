"""A damaged bundle, or one of another recipe or version, is named in one sentence."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from bidsapp.analyses.anomaly import ANALYSIS
from bidsapp.analyses.anomaly.learn import untrained
from bidsapp.analyses.anomaly.learned import Learned
from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.quantities import Intensity, LearnedFeatures, Strangeness
from bidsapp.analyses.anomaly.space import Space
from bidsapp.analyses.anomaly.store import read_trained
from bidsapp.analyses.anomaly.store_quantity import quantity_tensors, read_quantity
from bidsapp.bundle import Bundle
from bidsapp.bundle_checks import REQUIRED
from bidsapp.errors import BadDataError
from bidsapp.images.volume import Grid
from bidsapp.oneclass.svm import pack
from bidsapp.recipe import Recipe
from tests.analyses.anomaly.refusing import refused

LATENT = {"features": "latent", "score": "svm", "calibration": "pooled", "latent": 4}


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
