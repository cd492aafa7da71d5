import json

import numpy as np
import pytest

from bidsapp.bundle import Bundle
from bidsapp.bundle_checks import REQUIRED
from bidsapp.errors import BadDataError, UnavailableError

METADATA = dict.fromkeys(REQUIRED, "test") | {"name": "toy", "analysis": "anomaly", "modalities": ["T1w"]}


def write(path, array):
    return Bundle.write(
        path, metadata=METADATA, tensors={"model": {"w": array}}, card="Research use only.", licence="CC0"
    )


def test_what_is_written_is_read_back_whatever_its_strides(tmp_path):
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4).transpose(2, 0, 1)
    np.testing.assert_array_equal(write(tmp_path / "toy", array).tensors()["w"], array)


def test_the_digest_follows_the_content(tmp_path):
    first, same, other = (
        write(tmp_path / name, np.full(3, value)) for name, value in (("a", 1.0), ("b", 1.0), ("c", 2.0))
    )
    assert first.digest == same.digest != other.digest


def test_a_bundle_is_replaced_as_a_whole(tmp_path):
    write(tmp_path / "toy", np.zeros(3))
    (tmp_path / "toy" / "models" / "old.safetensors").write_bytes(b"")
    again = write(tmp_path / "toy", np.ones(3))
    assert [path.name for path in sorted((again.path / "models").iterdir())] == ["model.safetensors"]
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]


def test_no_bundle_is_unavailable(tmp_path):
    with pytest.raises(UnavailableError, match="--bundle"):
        Bundle.read(tmp_path / "absent")


def test_a_pickle_is_refused(tmp_path):
    bundle = write(tmp_path / "toy", np.zeros(3))
    (bundle.path / "models" / "model.pt").write_bytes(b"")
    with pytest.raises(BadDataError, match="no file of a bundle"):
        Bundle.read(bundle.path)


def test_a_link_out_of_the_bundle_is_refused(tmp_path):
    bundle = write(tmp_path / "toy", np.zeros(3))
    (tmp_path / "secret.json").write_text("{}")
    (bundle.path / "configs" / "extra.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(BadDataError, match="points outside"):
        Bundle.read(bundle.path)


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"name": "toy"})])
def test_damaged_metadata_are_named(tmp_path, text):
    bundle = write(tmp_path / "toy", np.zeros(3))
    (bundle.path / "configs" / "metadata.json").write_text(text)
    with pytest.raises(BadDataError, match=r"metadata\.json"):
        Bundle.read(bundle.path)


def test_damaged_weights_are_named(tmp_path):
    bundle = write(tmp_path / "toy", np.zeros(3))
    (bundle.path / "models" / "model.safetensors").write_bytes(b"\x00" * 5)
    with pytest.raises(BadDataError, match=r"model\.safetensors"):
        bundle.tensors()
