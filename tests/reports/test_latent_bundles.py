"""A latent sample that a bundle carries is drawn; a damaged one is named with the remedy."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from bidsapp.bundle import Bundle
from bidsapp.bundle_checks import REQUIRED
from bidsapp.errors import BadDataError, ExitCode
from bidsapp.reports.latent_bundles import SAMPLE, read_sample, read_space
from bidsapp.reports.trained_bundles import write_trained_bundles

PLACES, SUBJECTS = 6, 5


@pytest.fixture
def bundle(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "vectors": rng.normal(size=(PLACES, SUBJECTS, 4)).astype(np.float32),
        "places_mm": rng.normal(size=(PLACES, 3)).astype(np.float32),
        "ages": np.full(SUBJECTS, np.nan, dtype=np.float32),
    }
    names = {
        "regions": ["Insula"] * PLACES,
        "tissues": ["GM"] * PLACES,
        "subjects": [f"sub-{number}" for number in range(SUBJECTS)],
    }
    return Bundle.write(
        tmp_path / "bundles" / "anomaly",
        metadata=dict.fromkeys(REQUIRED, "test"),
        tensors={SAMPLE: arrays},
        configs={SAMPLE: names},
        card="",
        licence="",
    )


def test_a_sweep_is_ordered_by_its_numbers(tmp_path):
    names = ["anomaly_beta-0.01", "anomaly_beta-1e-05", "anomaly_beta-0.001", "anomaly", "anomaly_beta-10"]
    for name in names:
        metadata = {**dict.fromkeys(REQUIRED, "test"), "learning_curve": [[1, 2.0], [2, 1.0]]}
        Bundle.write(tmp_path / "bundles" / name, metadata=metadata, tensors={}, card="", licence="")
    drawn = [curve.name for curve in write_trained_bundles(tmp_path).curves]
    assert drawn == [names[3], names[1], names[2], names[0], names[4]]


def files(bundle):
    return bundle.path / "models" / f"{SAMPLE}.safetensors", bundle.path / "configs" / f"{SAMPLE}.json"


def change_arrays(change):
    def harm(bundle):
        arrays = load_file(files(bundle)[0])
        change(arrays)
        save_file(arrays, files(bundle)[0])

    return harm


def test_a_sound_sample_is_read(bundle):
    sample = read_sample(bundle)
    assert sample.vectors.shape == (PLACES, SUBJECTS, 4)
    assert sample.scores is None


def test_a_bundle_without_a_sample_has_no_latent_space(bundle):
    files(bundle)[0].unlink()
    assert read_space(bundle) is None


def test_a_damaged_sample_costs_a_sentence_and_writes_nothing(bundle):
    files(bundle)[0].write_bytes(b"x" * 40)
    found = write_trained_bundles(bundle.path.parents[1])
    assert (found.curves, found.written) == ((), ())
    (sentence,) = found.left_out
    assert sentence.startswith("Bundle anomaly is left out. ")
    assert "latent" in sentence
    assert sentence.endswith("train or copy the bundle again.")


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda bundle: files(bundle)[0].write_bytes(b"x" * 40), "cannot be read"),
        (lambda bundle: files(bundle)[1].unlink(), "No such file"),
        (lambda bundle: files(bundle)[1].write_text("{"), "damaged"),
        (lambda bundle: files(bundle)[1].write_text("[]"), "damaged"),
        (lambda bundle: files(bundle)[1].write_text(json.dumps({"regions": []})), "tissues"),
        (change_arrays(lambda arrays: arrays.pop("ages")), "ages"),
        (
            change_arrays(lambda arrays: arrays.update(ages=np.zeros(3, np.float32))),
            r"ages has shape \(3,\), not \(5,\)",
        ),
        (
            change_arrays(lambda arrays: arrays["vectors"].fill(np.nan)),
            "vectors holds a number that is not finite",
        ),
    ],
    ids=["bytes", "no names", "half names", "list", "few names", "no ages", "few ages", "not finite"],
)
def test_a_damaged_sample_is_named(bundle, harm, sentence):
    harm(bundle)
    with pytest.raises(BadDataError, match=sentence) as caught:
        read_sample(bundle)
    assert caught.value.code == ExitCode.BAD_DATA
    said = str(caught.value)
    assert said.startswith(f"The latent sample of {bundle.path} is damaged")
    assert said.endswith("train or copy the bundle again.")
    assert "\n" not in said
