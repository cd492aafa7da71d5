import numpy as np
import pytest
from sklearn.neighbors import KernelDensity, NearestNeighbors

from bidsapp.errors import BadDataError
from bidsapp.oneclass.neighbours import fit_density, fit_neighbours


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(15, 4, 3)).astype(np.float32)


def test_density_is_that_of_scikit_learn_but_for_a_constant(features):
    model, left_out = fit_density(features)
    for voxel in range(4):
        bandwidth = (2 * model.gamma[voxel]) ** -0.5
        assert bandwidth == pytest.approx(
            np.sqrt(features[:, voxel].var(axis=0).mean()) * 15 ** (-1 / 7), rel=1e-4
        )
        constant = -1.5 * np.log(2 * np.pi * bandwidth**2)
        for control in (0, 9):
            others = features[np.arange(15) != control, voxel]
            peer = KernelDensity(bandwidth=bandwidth).fit(others)
            expected = peer.score_samples(features[control, voxel][None])[0] - constant
            assert left_out[control, voxel] == pytest.approx(expected, abs=1e-4)


def test_far_away_the_density_is_small_but_known(features):
    model, _ = fit_density(features)
    decision = model.decide(np.full((4, 3), 100, np.float32))
    assert np.isfinite(decision).all()
    assert decision.max() < -1000


def test_nearness_is_that_of_scikit_learn(features):
    model, left_out = fit_neighbours(features, count=4)
    new = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    for voxel in range(4):
        peer = NearestNeighbors(n_neighbors=4).fit(features[:, voxel])
        assert model.decide(new)[voxel] == pytest.approx(
            -peer.kneighbors(new[None, voxel])[0].mean(), rel=1e-5
        )
        others = NearestNeighbors(n_neighbors=4).fit(features[1:, voxel])
        expected = -others.kneighbors(features[:1, voxel])[0].mean()
        assert left_out[0, voxel] == pytest.approx(expected, rel=1e-5)


def test_more_neighbours_than_controls_are_refused(features):
    with pytest.raises(BadDataError, match="at least 16 controls"):
        fit_neighbours(features, count=15)


@pytest.mark.parametrize("fit", [fit_density, fit_neighbours])
def test_a_voxel_that_is_constant_in_all_controls_has_finite_scores(features, fit):
    constant = features.copy()
    constant[:, 0] = 0.5
    model, left_out = fit(constant)
    assert np.isfinite(left_out).all()
    assert model.decide(constant[0] + np.float32(5))[0] < left_out[:, 0].min()
