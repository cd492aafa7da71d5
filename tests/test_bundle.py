import errno
import json
import os
import resource
import struct
from pathlib import Path

import numpy as np
import pytest

import bidsapp
from bidsapp import bundle as bundle_module
from bidsapp.bundle import Bundle
from bidsapp.bundle_checks import REQUIRED
from bidsapp.errors import BadDataError, BundleError, InputOutputError, UnavailableError
from bidsapp.limits import BUNDLE_BYTES

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


def fail(error):
    def raise_it(*_, **__):
        raise error

    return raise_it


@pytest.mark.parametrize(
    ("place", "name", "error", "seen"),
    [
        (os, "fsync", OSError(errno.ENOSPC, "No space left on device"), InputOutputError),
        (bundle_module, "check_folder", BundleError("too large"), BundleError),
        (bundle_module, "swap", OSError(errno.EIO, "Input/output error"), InputOutputError),
        (bundle_module, "swap", KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["full disk", "not admitted", "not renamed", "ended"],
)
def test_a_bundle_that_cannot_be_replaced_stays_and_no_draft_is_left(
    place, name, error, seen, tmp_path, monkeypatch
):
    before = write(tmp_path / "toy", np.zeros(3)).digest
    monkeypatch.setattr(place, name, fail(error))
    with pytest.raises(seen):
        write(tmp_path / "toy", np.ones(3))
    monkeypatch.undo()
    assert Bundle.read(tmp_path / "toy").digest == before
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]


def test_weights_that_cannot_be_written_whole_are_an_error_of_the_house(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))  # the kernel ends the write, as a quota does
    try:
        with pytest.raises(InputOutputError, match="could not be written"):
            write(tmp_path / "toy", np.zeros(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


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


def refused(bundle, words):
    with pytest.raises(BundleError, match=words) as caught:
        Bundle.read(bundle.path)
    text = str(caught.value)
    assert str(bundle.path) in text
    assert text.isprintable()
    assert text.endswith(".")


@pytest.mark.parametrize("target", ["/etc/passwd", "/dev/zero", "nowhere", "x.json", "..", "../../.."])
def test_a_link_that_leads_out_or_nowhere_is_refused(tmp_path, target):
    bundle = write(tmp_path / "toy", np.zeros(3))
    (bundle.path / "configs" / "x.json").symlink_to(target)
    if target == "..":  # the bundle itself: inside, and a folder
        assert Bundle.read(bundle.path).name == "toy"
    else:
        refused(bundle, "points outside")


def test_a_pipe_is_no_file_of_a_bundle(tmp_path):
    bundle = write(tmp_path / "toy", np.zeros(3))
    os.mkfifo(bundle.path / "configs" / "x.json")
    refused(bundle, "no file of a bundle")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("name", "../../outside", "'name' must be a name"),
        ("name", "x" * 101, "'name' must be a name"),
        ("analysis", ["ms"], "'analysis' must be a name"),
        ("version", 1, "'version' must be a text"),
        ("authors", {"a": 1}, "'authors' must be a text or a list of texts"),
        ("description", "x" * 20_001, "'description' must be a text"),
        ("modalities", "T1w", "'modalities' must be a list of names"),
        ("networks", ["../model"], "'networks' must be a list of names"),
        ("features", [16, 10**9], "'features' must be a list of numbers from 1 to 512"),
        ("features", [True], "'features' must be"),
    ],
)
def test_metadata_of_another_kind_are_refused_by_key(tmp_path, key, value, words):
    bundle = write(tmp_path / "toy", np.zeros(3))
    (bundle.path / "configs" / "metadata.json").write_text(json.dumps({**METADATA, key: value}))
    refused(bundle, words)


def test_metadata_beyond_their_limit_are_refused(tmp_path):
    bundle = write(tmp_path / "toy", np.zeros(3))
    (bundle.path / "configs" / "metadata.json").write_text(json.dumps({**METADATA, "x": "x" * (1 << 20)}))
    refused(bundle, "larger than 1 MiB")


def test_weights_beyond_their_limit_are_refused_unread(tmp_path):
    bundle = write(tmp_path / "toy", np.zeros(3))
    path = bundle.path / "models" / "model.safetensors"
    with path.open("r+b") as stream:
        stream.truncate(BUNDLE_BYTES + 1)  # a hole: no disk is used
    refused(bundle, "larger than 2 GiB")


@pytest.mark.parametrize("length", [0, 1, 2**31, 2**63, 2**64 - 1])
def test_an_absurd_length_of_the_header_of_weights_is_refused(tmp_path, length):
    bundle = write(tmp_path / "toy", np.zeros(3))
    path = bundle.path / "models" / "model.safetensors"
    path.write_bytes(struct.pack("<Q", length) + path.read_bytes()[8:])
    refused(bundle, "damaged header")


@pytest.mark.parametrize("offsets", [[0, 10**15], [-8, 8], [0, True], "x", None])
def test_offsets_beyond_the_file_are_refused(tmp_path, offsets):
    bundle = write(tmp_path / "toy", np.zeros(3))
    head = json.dumps({"w": {"dtype": "F64", "shape": [3], "data_offsets": offsets}}).encode()
    content = struct.pack("<Q", len(head)) + head + bytes(24)
    (bundle.path / "models" / "model.safetensors").write_bytes(content)
    refused(bundle, "truncated|damaged header")


def test_weights_are_named_inside_the_bundle_alone(tmp_path):
    bundle = write(tmp_path / "toy", np.zeros(3))
    write(tmp_path / "other", np.ones(3))
    with pytest.raises(BundleError, match="which is no name"):
        bundle.tensors("../../other/models/model")


def test_packaged_bundles_pass():
    folder = Path(bidsapp.__file__).parent / "data" / "bundles"
    names = {Bundle.read(path).name for path in folder.iterdir()}
    assert names == {path.name for path in folder.iterdir()}
