import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.images.intensity import scale_to_tissue, winsorise
from bidsapp.images.volume import Volume


def uniform() -> Volume:
    data = np.linspace(0, 1000, 8000, dtype=np.float32).reshape(20, 20, 20)
    return Volume(data, np.eye(4))


def test_white_matter_median_becomes_one_in_any_unit():
    white = uniform().with_data(uniform().data > 800)
    for unit in (1.0, 37.0):
        scaled, scale = scale_to_tissue(uniform().with_data(uniform().data * unit), white)
        assert np.median(scaled.data[white.data > 0]) == pytest.approx(1.0)
        assert scale == pytest.approx(900 * unit, rel=1e-3)


def test_a_tissue_of_unsure_voxels_still_anchors():
    weak = uniform().with_data(np.where(uniform().data > 900, 0.5, 0.0))
    assert 900 < scale_to_tissue(uniform(), weak)[1] <= 1000


def test_an_absent_tissue_is_an_error():
    with pytest.raises(BadDataError, match="no white matter was found"):
        scale_to_tissue(uniform(), uniform().with_data(np.zeros((20, 20, 20))))


def test_winsorising_clips_only_the_tails():
    clipped = winsorise(uniform(), low=5, high=95).data
    assert clipped.min() == pytest.approx(50, abs=1)
    assert clipped.max() == pytest.approx(950, abs=1)
    assert clipped[10, 10, 10] == uniform().data[10, 10, 10]
