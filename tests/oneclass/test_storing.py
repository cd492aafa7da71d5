import numpy as np
import pytest
from safetensors.numpy import load, save

from bidsapp.oneclass.storing import from_arrays, to_arrays
from bidsapp.oneclass.svm import fit_svm


def machines(offset):
    rng = np.random.default_rng(0)
    features = (offset + rng.normal(size=(24, 50, 6))).astype(np.float32)
    new = (offset + 1.5 * rng.normal(size=(50, 6))).astype(np.float32)
    return fit_svm(features, leave_one_out=False).model, new


@pytest.mark.parametrize("offset", [0.0, 300.0])
@pytest.mark.parametrize(("half", "change"), [(True, 1e-2), (False, 1e-3)])
def test_what_is_stored_decides_as_before(half, change, offset):
    model, new = machines(offset)
    stored = from_arrays(load(save(to_arrays(model, half=half))))
    difference = np.abs(stored.decide(new) - model.decide(new)) / np.abs(model.rho)
    assert difference.max() < change
    assert np.array_equal(stored.first, model.first)
    assert np.array_equal(stored.rho, model.rho)


def test_half_precision_takes_half_of_the_vectors_bytes():
    model, _ = machines(0.0)
    assert to_arrays(model)["vectors"].nbytes * 2 == model.vectors.nbytes


def test_a_missing_array_is_named():
    arrays = to_arrays(machines(0.0)[0])
    del arrays["centre"]
    with pytest.raises(ValueError, match="lack centre"):
        from_arrays(arrays)


@pytest.mark.parametrize(
    ("name", "sentence"), [("weights", "weights has"), ("rho", "rho has 49 rows, not 50")]
)
def test_arrays_of_different_lengths_are_not_read(name, sentence):
    arrays = to_arrays(machines(0.0)[0])
    arrays[name] = arrays[name][:-1]
    with pytest.raises(ValueError, match=sentence):
        from_arrays(arrays)
