import numpy as np
import pytest
import SimpleITK as sitk

from bidsapp.errors import BadDataError, NoInputError
from bidsapp.images.transform_file import read_transform, write_transform
from bidsapp.images.transforms import (
    compose,
    field_to_itk,
    itk_to_matrix,
    matrix_exp,
    matrix_log,
    matrix_to_itk,
    mean_displacement,
)

from .conftest import rigid_matrix

MATRIX = rigid_matrix((10.0, 5.0, -7.0), (1.0, -20.0, 3.0))


def field():
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    affine[:3, 3] = -40.0
    return np.random.default_rng(0).uniform(-3, 3, (20, 21, 22, 3)), affine


def test_a_matrix_acts_on_ras_points_as_its_itk_transform_on_lps_points():
    ras = np.array([3.0, -50.0, 12.0])
    flip = np.array([-1.0, -1.0, 1.0])
    moved = np.asarray(matrix_to_itk(MATRIX).TransformPoint((ras * flip).tolist())) * flip
    np.testing.assert_allclose(moved, (MATRIX @ np.append(ras, 1))[:3])
    np.testing.assert_allclose(itk_to_matrix(matrix_to_itk(MATRIX)), MATRIX, atol=1e-12)


def test_a_field_moves_a_voxel_by_its_vector():
    vectors, affine = field()
    place = affine @ [5, 6, 7, 1]
    flip = np.array([-1.0, -1.0, 1.0])
    moved = np.asarray(field_to_itk(vectors, affine).TransformPoint((place[:3] * flip).tolist())) * flip
    np.testing.assert_allclose(moved - place[:3], vectors[5, 6, 7], atol=1e-9)


def test_composition_meets_its_parts_in_order():
    vectors, affine = field()
    both = compose([field_to_itk(vectors, affine), matrix_to_itk(MATRIX)])
    point = (3.0, 4.0, 5.0)
    by_hand = matrix_to_itk(MATRIX).TransformPoint(field_to_itk(vectors, affine).TransformPoint(point))
    np.testing.assert_allclose(both.TransformPoint(point), by_hand)


def test_log_and_exp_undo_each_other():
    np.testing.assert_allclose(matrix_exp(matrix_log(MATRIX)), MATRIX, atol=1e-12)
    half = matrix_exp(matrix_log(MATRIX) / 2)
    np.testing.assert_allclose(half @ half, MATRIX, atol=1e-12)


def test_itk_reads_what_we_write_within_a_thousandth_of_a_millimetre(tmp_path):
    vectors, affine = field()
    both = compose([field_to_itk(vectors, affine), matrix_to_itk(MATRIX)])
    read = sitk.ReadTransform(str(write_transform(tmp_path / "x.h5", both)))
    for point in np.random.default_rng(1).uniform(-30, 30, (50, 3)).tolist():
        np.testing.assert_allclose(read.TransformPoint(point), both.TransformPoint(point), atol=2e-3)


def test_the_same_transform_gives_the_same_bytes(tmp_path):
    vectors, affine = field()
    paths = [
        write_transform(tmp_path / n, compose([field_to_itk(vectors, affine)])) for n in ("a.h5", "b.h5")
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.h5", "b.h5"]


def test_missing_and_broken_files_say_so(tmp_path):
    with pytest.raises(NoInputError):
        read_transform(tmp_path / "none.h5")
    (tmp_path / "bad.h5").write_bytes(b"x" * 100)
    with pytest.raises(BadDataError):
        read_transform(tmp_path / "bad.h5")


def test_displacement_of_a_shift_is_its_length():
    shift = np.eye(4)
    shift[:3, 3] = [3.0, 4.0, 0.0]
    assert mean_displacement(shift, np.eye(4), np.zeros((5, 3))) == pytest.approx(5.0)


def test_the_last_bits_of_a_linear_map_do_not_change_its_file(tmp_path):
    matrix = np.eye(4)
    matrix[:3, 3] = np.pi, -np.e, 1 / 3
    nearly = matrix + np.spacing(matrix)
    first = write_transform(tmp_path / "a.h5", matrix_to_itk(matrix))
    second = write_transform(tmp_path / "b.h5", matrix_to_itk(nearly))
    assert first.read_bytes() == second.read_bytes()
