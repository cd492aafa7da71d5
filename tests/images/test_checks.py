"""Every way in which a raw image may be unusable ends in one sentence and exit code 65 or 66."""

import contextlib
import gzip
import os

import nibabel as nib
import numpy as np
import pytest

from bidsapp.errors import BadDataError, ExitCode, NoInputError
from bidsapp.images.checks import check_image, check_series

SHAPE = (20, 20, 20)


def image(shape=SHAPE, *, affine=None, dtype=np.float32, sform=1, qform=1):
    affine = np.diag([8.0, 8.0, 8.0, 1.0]) if affine is None else affine
    data = (np.random.default_rng(0).random(shape) * 100).astype(dtype)
    made = nib.Nifti1Image(data, affine)
    made.set_sform(affine, code=sform)
    made.set_qform(affine, code=qform)
    return made


def save(path, made):
    nib.save(made, path)
    return path


def header_edit(path, edit):
    """Write a sound image and change its raw header."""
    raw = bytearray(image().to_bytes())
    header = nib.Nifti1Header(bytes(raw[:348]), check=False)
    edit(header)
    raw[:348] = header.binaryblock
    path.write_bytes(bytes(raw))
    return path


def refuse(path, words, error=BadDataError):
    with pytest.raises(error, match=words) as caught:
        check_image(path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return caught.value


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "ä ö.nii.gz"])
def test_a_sound_image_is_read_without_notes(tmp_path, name):
    made = image()
    volume, notes = check_image(save(tmp_path / name, made))
    assert notes == []
    np.testing.assert_allclose(volume.data, made.get_fdata(), rtol=1e-6)
    np.testing.assert_allclose(volume.affine, made.affine)


def test_big_endian_scaled_integers_and_nifti2_are_read(tmp_path):
    big = nib.Nifti1Image(np.arange(8000, dtype=np.int16).reshape(SHAPE), image().affine)
    big = nib.Nifti1Image(big.get_fdata().astype(">i2"), big.affine, nib.Nifti1Header(endianness=">"))
    assert check_image(save(tmp_path / "b.nii", big))[0].data[0, 0, 5] == 5
    scaled = image(dtype=np.int16)
    scaled.header.set_slope_inter(0.5, 3.0)
    volume, _ = check_image(save(tmp_path / "s.nii.gz", scaled))
    np.testing.assert_allclose(volume.data, nib.load(tmp_path / "s.nii.gz").get_fdata(), rtol=1e-5)
    two = nib.Nifti2Image(image().get_fdata(dtype=np.float32), image().affine)
    assert check_image(save(tmp_path / "n2.nii.gz", two))[0].data.shape == SHAPE


def test_missing_dangling_and_folders_are_no_input(tmp_path):
    error = refuse(tmp_path / "none.nii.gz", "cannot be opened", NoInputError)
    assert error.code == ExitCode.NO_INPUT
    (tmp_path / "link.nii.gz").symlink_to(tmp_path / "gone")
    refuse(tmp_path / "link.nii.gz", "cannot be opened", NoInputError)
    (tmp_path / "folder.nii.gz").mkdir()
    refuse(tmp_path / "folder.nii.gz", "cannot be opened", NoInputError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_no_permission_is_no_input(tmp_path):
    path = save(tmp_path / "a.nii.gz", image())
    path.chmod(0)
    refuse(path, "cannot be opened", NoInputError)


@pytest.mark.parametrize("keep", [0.9, 0.5, 0.02])
def test_truncated_gzip(tmp_path, keep):
    whole = save(tmp_path / "a.nii.gz", image()).read_bytes()
    path = tmp_path / "t.nii.gz"
    path.write_bytes(whole[: int(len(whole) * keep)])
    refuse(path, "truncated")


def test_gzip_without_its_last_bytes_and_with_a_flipped_one(tmp_path):
    whole = bytearray(save(tmp_path / "a.nii.gz", image()).read_bytes())
    path = tmp_path / "t.nii.gz"
    path.write_bytes(bytes(whole[:-4]))
    refuse(path, "truncated or corrupt")
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(bytes(whole))
    refuse(path, "truncated|corrupt|not finite|header")


def test_truncated_plain_file_empty_file_and_other_formats(tmp_path):
    path = tmp_path / "a.nii"
    path.write_bytes(image().to_bytes()[:5000])
    refuse(path, "truncated")
    path.write_bytes(b"")
    refuse(path, "empty")
    path.write_bytes(b"DICM" * 500)
    refuse(path, "not a NIfTI")
    path.write_bytes(gzip.compress(b"<html>" * 300))
    refuse(path, "not a NIfTI")
    path.write_bytes(b"\x1f\x8b")
    refuse(path, "truncated")


@pytest.mark.parametrize(("shape", "words"), [((20, 20), "two-dim"), ((20, 20, 1), "two-dim")])
def test_flat_images(tmp_path, shape, words):
    refuse(save(tmp_path / "a.nii.gz", image(shape)), words)


def test_four_dimensions(tmp_path):
    one = save(tmp_path / "one.nii.gz", image((*SHAPE, 1)))
    assert check_image(one)[0].data.shape == SHAPE
    many = save(tmp_path / "many.nii.gz", image((*SHAPE, 3)))
    refuse(many, "3 frames")
    frames, _ = check_series(many)
    assert [f.data.shape for f in frames] == [SHAPE] * 3
    np.testing.assert_allclose(frames[2].data, nib.load(many).get_fdata()[..., 2], rtol=1e-6)
    refuse(save(tmp_path / "five.nii.gz", image((10, 10, 10, 1, 3))), "dimensions")


def test_voxels_that_are_not_finite(tmp_path):
    made = image()
    data = made.get_fdata(dtype=np.float32)
    data[0, 0, :3] = [np.nan, np.inf, -np.inf]
    volume, notes = check_image(save(tmp_path / "few.nii.gz", nib.Nifti1Image(data, made.affine)))
    assert notes == ["3 voxels were not finite and became 0"]
    assert np.isfinite(volume.data).all()
    data[:] = np.nan
    refuse(save(tmp_path / "all.nii.gz", nib.Nifti1Image(data, made.affine)), "not finite")


@pytest.mark.parametrize(("value", "words"), [(0, "all zeros"), (7, "constant")])
def test_images_without_content(tmp_path, value, words):
    data = np.full(SHAPE, value, dtype=np.float32)
    refuse(save(tmp_path / "a.nii.gz", nib.Nifti1Image(data, image().affine)), words)


@pytest.mark.parametrize("size", [0.0, 0.001, 40.0, np.nan])
def test_absurd_voxel_sizes(tmp_path, size):
    def edit(header):
        header["pixdim"][1:4] = [8.0, 8.0, size]

    refuse(header_edit(tmp_path / "a.nii", edit), "voxels of")


@pytest.mark.parametrize("size", [1.0, 14.9])
def test_fields_of_view_of_no_head(tmp_path, size):
    shape = (20, 20, 20) if size < 2 else (60, 60, 60)
    path = save(tmp_path / "a.nii.gz", image(shape, affine=np.diag([size, size, size, 1.0])))
    refuse(path, "no head")


def test_a_decompression_bomb_is_refused_by_its_header(tmp_path):
    def edit(header):
        header["dim"][:4] = [3, 30000, 30000, 30000]

    refuse(header_edit(tmp_path / "a.nii", edit), "more than a head")


@pytest.mark.parametrize(
    "dims", [[0, 1, 1, 1], [9, 20, 20, 20], [3, -20, 20, 20], [3, 0, 20, 20], [-3, 20, 20, 20]]
)
def test_broken_dimensions(tmp_path, dims):
    def edit(header):
        header["dim"][:4] = dims

    refuse(header_edit(tmp_path / "a.nii", edit), "unreadable header")


def test_broken_offset_type_and_slope(tmp_path):
    def offset(header):
        header["vox_offset"] = 1e12

    def kind(header):
        header["datatype"] = 9999

    refuse(header_edit(tmp_path / "a.nii", offset), "unreadable header")
    refuse(header_edit(tmp_path / "b.nii", kind), "unknown type")


def test_complex_and_colour(tmp_path):
    made = nib.Nifti1Image(np.zeros(SHAPE, dtype=np.complex64), image().affine)
    refuse(save(tmp_path / "c.nii.gz", made), "complex64")
    rgb = np.zeros(SHAPE, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    refuse(save(tmp_path / "rgb.nii.gz", nib.Nifti1Image(rgb, image().affine)), "colour")


def test_no_orientation(tmp_path):
    refuse(save(tmp_path / "a.nii.gz", image(sform=0, qform=0)), "orientation")


def test_a_singular_sform_gives_way_to_the_qform_or_is_refused(tmp_path):
    def flat(header):
        header["srow_x"] = [0, 0, 0, 0]

    def alone(header):
        flat(header)
        header["qform_code"] = 0

    volume, notes = check_image(header_edit(tmp_path / "a.nii", flat))
    assert notes == ["sform is singular; qform was used"]
    np.testing.assert_allclose(volume.voxel_size, 8.0)
    refuse(header_edit(tmp_path / "b.nii", alone), "singular")


def test_qform_against_sform_is_noted(tmp_path):
    def edit(header):
        header["srow_x"][3] += 30.0

    volume, notes = check_image(header_edit(tmp_path / "a.nii", edit))
    assert notes == ["sform and qform disagree by 30.0 mm and 0.0 degrees; sform was used"]
    assert volume.affine[0, 3] == 30.0


def test_a_sheared_sform_gives_way_to_the_qform(tmp_path):
    def edit(header):
        header["srow_x"][1] = 3.0

    volume, notes = check_image(header_edit(tmp_path / "a.nii", edit))
    assert any("qform was used" in note for note in notes)
    assert volume.affine[0, 1] == 0


def test_a_sheared_sform_alone_is_made_rectangular(tmp_path):
    def edit(header):
        header["srow_x"][1] = 1.0
        header["qform_code"] = 0

    volume, notes = check_image(header_edit(tmp_path / "a.nii", edit))
    assert any("sheared" in note for note in notes)
    columns = volume.affine[:3, :3] / volume.voxel_size
    np.testing.assert_allclose(columns.T @ columns, np.eye(3), atol=1e-6)


def test_random_bytes_never_raise_anything_else(tmp_path):
    rng = np.random.default_rng(0)
    whole = image().to_bytes()
    path = tmp_path / "a.nii"
    for _ in range(300):
        raw = bytearray(whole)
        for place in rng.integers(0, 348, 6):
            raw[place] = rng.integers(0, 256)
        path.write_bytes(bytes(raw))
        with contextlib.suppress(BadDataError):
            volume, _ = check_image(path)
            assert np.isfinite(volume.data).all()
