import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.images.suvr import compute_suvr, static_image
from bidsapp.images.volume import Volume


def pet() -> Volume:
    data = np.full((10, 10, 10), 6.0, dtype=np.float32)
    data[:3] = 2.0
    return Volume(data, np.eye(4))


def reference() -> Volume:
    mask = np.zeros((10, 10, 10))
    mask[:2] = 1
    return pet().with_data(mask)


def test_reference_becomes_one_and_the_rest_its_ratio():
    result = compute_suvr(pet(), reference())
    assert result.reference_mean == pytest.approx(2.0)
    assert result.reference_voxels == 200
    np.testing.assert_allclose(result.image.data[:3], 1.0)
    np.testing.assert_allclose(result.image.data[3:], 3.0)


def test_the_unit_of_the_scanner_cancels():
    first = compute_suvr(pet(), reference()).image.data
    second = compute_suvr(pet().with_data(pet().data * 1234.5), reference()).image.data
    np.testing.assert_allclose(first, second, rtol=1e-5)


def test_the_reference_is_cut_to_the_brain():
    brain = pet().with_data(np.ones((10, 10, 10)))
    brain.data[0] = 0
    result = compute_suvr(pet(), reference(), brain=brain)
    assert result.reference_voxels == 100
    assert (result.image.data[0] == 0).all()


def test_what_the_camera_did_not_see_is_no_reference():
    cut = pet()
    cut.data[0] = 0  # beyond the last slice
    result = compute_suvr(cut, reference())
    assert result.reference_mean == pytest.approx(2.0)
    assert result.reference_voxels == 100


def test_too_small_or_cold_references_are_errors():
    with pytest.raises(BadDataError, match="only 0 voxels"):
        compute_suvr(pet(), reference().with_data(np.zeros((10, 10, 10))))
    with pytest.raises(BadDataError, match="not positive"):
        compute_suvr(pet().with_data(-pet().data), reference())


def test_frames_are_averaged_by_their_duration():
    frames = [pet().with_data(np.full((10, 10, 10), v)) for v in (1.0, 4.0)]
    np.testing.assert_allclose(static_image(frames).data, 2.5)
    np.testing.assert_allclose(static_image(frames, [300.0, 600.0]).data, 3.0)


@pytest.mark.parametrize("durations", [[1.0], [1.0, -1.0], [0.0, 0.0], [np.nan, 1.0]])
def test_wrong_durations_are_errors(durations):
    with pytest.raises(BadDataError, match="FrameDuration"):
        static_image([pet(), pet()], durations)
