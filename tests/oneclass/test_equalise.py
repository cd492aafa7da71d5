import numpy as np
import pytest
from scipy import stats

from bidsapp.oneclass.equalise import equalise


class Bent:
    """Deviates of a known monotone shape."""

    def __init__(self, sign):
        self.sign = sign

    def z(self, features, covariates):
        return features[:, 0]


@pytest.mark.parametrize(("sign", "tails"), [("above", 1), ("none", 2)])
def test_three_is_as_rare_as_in_a_gaussian_whatever_the_shape_of_the_scores(sign, tails):
    rng = np.random.default_rng(0)
    controls = np.abs(rng.normal(size=(50, 20_000))).astype(np.float32) ** 0.4
    if sign == "above":
        controls = np.maximum(rng.normal(size=(50, 20_000)), 0).astype(np.float32) ** 0.4
    model = equalise(Bent(sign), controls)
    new = np.abs(rng.normal(size=(400_000, 1))).astype(np.float32) ** 0.4
    if sign == "above":
        new = np.maximum(rng.normal(size=(400_000, 1)), 0).astype(np.float32) ** 0.4
    for threshold in (1.0, 2.0, 3.0):
        share = (model.z(new, np.ones(1)) > threshold).mean()
        assert share == pytest.approx(tails * stats.norm.sf(threshold), rel=0.1)


def test_the_order_of_voxels_stays_and_goes_on_beyond_all_controls():
    rng = np.random.default_rng(1)
    model = equalise(Bent("above"), np.maximum(rng.normal(size=(30, 5_000)), 0).astype(np.float32))
    scores = np.linspace(0, 12, 200, dtype=np.float32)[:, None]
    read = model.z(scores, np.ones(1))
    assert (np.diff(read) >= 0).all()
    assert read[-1] == pytest.approx(12, rel=0.15)
    assert read[0] == pytest.approx(0, abs=0.1)


def test_no_deviate_stays_none_where_most_voxels_have_none():
    rng = np.random.default_rng(2)
    controls = np.maximum(rng.normal(-0.7, 1, size=(40, 10_000)), 0).astype(np.float32)
    assert (controls == 0).mean() > 0.75
    model = equalise(Bent("above"), controls)
    new = np.maximum(rng.normal(-0.7, 1, size=(400_000, 1)), 0).astype(np.float32)
    read = model.z(new, np.ones(1))
    assert (read[new[:, 0] == 0] == 0).all()
    for threshold in (1.0, 2.0, 3.0):
        assert (read > threshold).mean() == pytest.approx(stats.norm.sf(threshold), rel=0.1)


def test_scores_that_are_all_one_deviate_nowhere():
    model = equalise(Bent("above"), np.zeros((30, 1_000), dtype=np.float32))
    assert model.z(np.zeros((5, 1), dtype=np.float32), np.ones(1)).tolist() == [0] * 5
