import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.learning.latent.projections import METHODS, project, project_all


@pytest.mark.parametrize("method", METHODS)
def test_a_seed_gives_one_picture_in_which_places_stay_together(sample, method):
    plane = project(sample.flat, method, seed=1)
    assert plane.shape == (42, 2)
    np.testing.assert_array_equal(plane, project(sample.flat, method, seed=1))
    grouped = plane.reshape(6, 7, 2)
    within = np.linalg.norm(grouped - grouped.mean(1, keepdims=True), axis=-1).mean()
    assert within < 0.5 * np.linalg.norm(plane - plane.mean(0), axis=-1).mean()


def test_principal_components_of_a_plane_keep_its_distances():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(30, 2))
    turned = flat @ np.linalg.qr(rng.normal(size=(5, 5)))[0][:2]
    plane = project(turned, "pca")
    expected = np.linalg.norm(flat[:, None] - flat, axis=-1)
    np.testing.assert_allclose(np.linalg.norm(plane[:, None] - plane, axis=-1), expected, atol=1e-5)


def test_spectral_embedding_joins_a_space_that_falls_into_pieces():
    """Two far clusters of 40: their graph of 15 neighbours has two pieces, and no piece is one point."""
    rng = np.random.default_rng(0)
    clusters = np.concatenate([rng.normal(size=(40, 3)), rng.normal(size=(40, 3)) + 100])
    plane = project(clusters, "spectral")
    assert (plane[:40, 0] > 0).all() != (plane[40:, 0] > 0).all()
    assert min(plane[:40].std(0).max(), plane[40:].std(0).max()) > 1e-4


def test_methods_come_by_name(sample):
    planes = project_all(sample.flat, ("spectral", "pca"))
    assert list(planes) == ["spectral", "pca"]


def test_what_cannot_be_projected_is_refused():
    with pytest.raises(BadDataError, match="choose from pca, tsne, umap, spectral"):
        project(np.zeros((9, 3), np.float32), "isomap")
    with pytest.raises(BadDataError, match=r"needs 5 vectors.*\(4, 3\)"):
        project(np.zeros((4, 3), np.float32), "pca")
