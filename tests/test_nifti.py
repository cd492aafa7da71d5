"""A header is held against the size of its file, and no more is unpacked than it promises."""

import gzip
import os
import struct
import tracemalloc

import nibabel as nib
import numpy as np
import pytest

from bidsapp.errors import BadDataError, BidsAppError
from bidsapp.images.checks import check_series
from bidsapp.limits import BOMB_BYTES, DEFLATE_RATIO, IMAGE_TAIL
from bidsapp.nifti import open_image, read_extensions, read_grid, read_header
from tests.mutants.sound import AFFINE, image

SHAPE = (12, 12, 12)


def with_fields(raw, **fields):
    header = nib.Nifti1Header(raw[:348], check=False)
    for name, value in fields.items():
        header[name] = value
    return header.binaryblock + raw[348:]


def refused(path, content, words):
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(BidsAppError, match=words) as caught:
            check_series(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    text = str(caught.value)
    assert str(path) in text
    assert text.isprintable()
    assert text.endswith(".")
    return peak


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_huge_dimensions_in_a_small_file_cost_no_memory(tmp_path, pack):
    content = pack(with_fields(image(SHAPE), dim=[4, 60, 60, 60, 1000, 1, 1, 1]))
    assert refused(tmp_path / "a.nii.gz", content, "truncated .its header promises 432000000 bytes") < 1 << 20


def test_no_more_is_unpacked_than_the_header_promises(tmp_path):
    bomb = gzip.compress(image(SHAPE) + bytes(200 * IMAGE_TAIL), 1)
    assert refused(tmp_path / "a.nii.gz", bomb, "holds more than the 3456 bytes") < 8 * IMAGE_TAIL


def test_a_bomb_that_keeps_its_promise_is_no_scan(tmp_path):
    frames = BOMB_BYTES // (60**3 * 4) + 1
    raw = with_fields(image((20, 20, 20), dtype="float32"), dim=[4, 60, 60, 60, frames, 1, 1, 1])
    stored = frames * 60**3 * 4 // (DEFLATE_RATIO - 100)
    content = gzip.compress(raw) + np.random.default_rng(0).bytes(stored)
    assert refused(tmp_path / "a.nii.gz", content, "which no scan does") < 1 << 20


@pytest.mark.parametrize("offset", [np.nan, np.inf, -1, 0, 100, 1e12])
def test_an_odd_offset_of_the_voxels(tmp_path, offset):
    refused(tmp_path / "a.nii", with_fields(image(SHAPE), vox_offset=offset), "vox_offset")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"srow_x": [8, 0, 0, 1e30], "qform_code": 0}, "an affine that places it"),
        ({"srow_x": [np.nan] * 4, "qform_code": 0}, "singular affine"),
        ({"pixdim": [1, 8, np.nan, 8, 0, 0, 0, 0]}, "voxels of"),
        ({"pixdim": [1, 8, -1e30, 8, 0, 0, 0, 0]}, "voxels of"),
        ({"datatype": 1536}, "float128|longdouble|no known type of voxels"),
        ({"datatype": 1}, "holds no known type of voxels"),
    ],
)
def test_odd_places_sizes_and_types(tmp_path, fields, words):
    refused(tmp_path / "a.nii", with_fields(image(SHAPE), **fields), words)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.nii.gz")
    with pytest.raises(BidsAppError, match="a pipe or device"):
        check_series(tmp_path / "a.nii.gz")


def test_shape_and_affine_are_those_of_nibabel(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(image((12, 13, 14, 2))))
    shape, affine = read_grid(path)
    assert shape == nib.load(path).shape[:3]
    np.testing.assert_array_equal(affine, AFFINE)
    path.write_bytes(gzip.compress(image(SHAPE)[:200]))
    with pytest.raises(BadDataError, match="not a NIfTI"):
        read_grid(path)


@pytest.mark.parametrize("size", [24, -5, 2**31 - 1])
def test_extensions_are_read_as_nibabel_does_and_odd_sizes_end_them(tmp_path, size):
    made = nib.Nifti1Image.from_bytes(image(SHAPE))
    made.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"sixteen letters!"))
    raw = bytearray(made.to_bytes())
    assert struct.unpack_from("<i", raw, 352)[0] % 16 == 0
    struct.pack_into("<i", raw, 352, size if size != 24 else struct.unpack_from("<i", raw, 352)[0])
    path = tmp_path / "a.nii"
    path.write_bytes(raw)
    with open_image(path) as opened:
        found = read_extensions(opened, read_header(opened))
    assert [code for code, _ in found] == ([] if size == -5 else [6])
    assert all(content.startswith(b"sixteen letters!") for _, content in found)
