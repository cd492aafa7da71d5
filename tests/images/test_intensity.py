import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.images.intensity import robust_z, scale_by_percentiles, scale_to_tissue, winsorise
from bidsapp.images.volume import Volume


def uniform() -> Volume:
    data = np.linspace(0, 1000, 8000, dtype=np.float32).reshape(20, 20, 20)
    return Volume(data, np.eye(4))


def everywhere() -> Volume:
    return uniform().with_data(np.ones((20, 20, 20)))


def test_percentiles_become_zero_and_one():
    scaled = scale_by_percentiles(uniform(), everywhere(), low=10, high=90)
    np.testing.assert_allclose(np.percentile(scaled.data, [10, 90]), [0, 1], atol=1e-5)


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


def test_robust_z_has_median_zero_and_unit_spread_despite_outliers():
    rng = np.random.default_rng(0)
    data = rng.normal(50, 4, (20, 20, 20))
    data[:2] = 1e5
    z = robust_z(uniform().with_data(data), everywhere()).data[2:]
    assert abs(np.median(z)) < 0.3
    assert z.std() == pytest.approx(1.0, rel=0.25)


def test_winsorising_clips_only_the_tails():
    clipped = winsorise(uniform(), low=5, high=95).data
    assert clipped.min() == pytest.approx(50, abs=1)
    assert clipped.max() == pytest.approx(950, abs=1)
    assert clipped[10, 10, 10] == uniform().data[10, 10, 10]


@pytest.mark.parametrize("scale", [scale_by_percentiles, robust_z])
def test_constant_and_empty_are_errors(scale):
    flat = uniform().with_data(np.ones((20, 20, 20)))
    with pytest.raises(BadDataError, match="constant"):
        scale(flat, everywhere())
    with pytest.raises(BadDataError, match="empty"):
        scale(uniform(), uniform().with_data(np.zeros((20, 20, 20))))
