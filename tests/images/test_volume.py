import gzip

import nibabel as nib
import numpy as np
import pytest

from bidsapp.errors import BadDataError, CannotWriteError
from bidsapp.images.volume import Volume, from_sitk, read_volume, to_sitk, write_volume


def oblique() -> Volume:
    turn, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn * [0.7, 0.8, 3.0]
    affine[:3, 3] = [-20.0, 11.0, 5.0]
    return Volume(np.random.default_rng(0).random((5, 6, 7)).astype(np.float32), affine)


def test_to_simpleitk_and_back_changes_nothing():
    volume = oblique()
    back = from_sitk(to_sitk(volume))
    np.testing.assert_array_equal(back.data, volume.data)
    np.testing.assert_allclose(back.affine, volume.affine, atol=1e-6)


def test_a_voxel_keeps_its_place_between_nibabel_and_simpleitk():
    volume = oblique()
    point = to_sitk(volume).TransformIndexToPhysicalPoint((1, 2, 3))
    ras = volume.affine @ [1, 2, 3, 1]
    np.testing.assert_allclose(np.asarray(point) * [-1, -1, 1], ras[:3], atol=1e-5)


def test_simpleitk_reads_our_file_as_we_convert_it(tmp_path):
    import SimpleITK as sitk

    volume = oblique()
    read = sitk.ReadImage(str(write_volume(tmp_path / "a.nii.gz", volume)))
    made = to_sitk(volume)
    np.testing.assert_allclose(read.GetOrigin(), made.GetOrigin(), atol=1e-4)
    np.testing.assert_allclose(read.GetDirection(), made.GetDirection(), atol=1e-4)


def test_same_voxels_give_the_same_bytes(tmp_path):
    first = write_volume(tmp_path / "a.nii.gz", oblique()).read_bytes()
    second = write_volume(tmp_path / "b.nii.gz", oblique()).read_bytes()
    assert first == second
    assert gzip.decompress(first)[344:347] == b"n+1"


def test_written_and_read_volume_is_the_same(tmp_path):
    volume = oblique()
    back = read_volume(write_volume(tmp_path / "é b.nii.gz", volume))
    np.testing.assert_array_equal(back.data, volume.data)
    np.testing.assert_allclose(back.affine, volume.affine, atol=1e-6)


def test_labels_are_rounded_and_must_fit(tmp_path):
    volume = oblique().with_data(np.full((5, 6, 7), 2.6))
    image = nib.load(write_volume(tmp_path / "a.nii.gz", volume, dtype=np.uint8))
    assert image.get_data_dtype() == np.uint8
    assert set(np.unique(image.dataobj)) == {3}
    with pytest.raises(ValueError, match="fit"):
        write_volume(tmp_path / "b.nii.gz", volume.with_data(np.full((5, 6, 7), 300)), dtype=np.uint8)


def test_a_sheared_affine_is_refused():
    affine = np.eye(4)
    affine[0, 1] = 0.3
    with pytest.raises(BadDataError, match="sheared"):
        to_sitk(Volume(np.zeros((4, 4, 4), dtype=np.float32), affine))


def test_a_path_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CannotWriteError):
        write_volume(tmp_path / "file" / "a.nii.gz", oblique())


def test_voxel_volume_is_in_millilitres():
    assert oblique().voxel_volume == pytest.approx(0.7 * 0.8 * 3.0 / 1000)
