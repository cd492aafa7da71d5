import numpy as np
import pytest
from scipy import ndimage

from bidsapp.images.clusters import find_clusters, label_clusters


@pytest.fixture
def values():
    image = np.zeros((12, 12, 12), dtype=np.float32)
    image[1:3, 1:3, 1:3] = 4.0
    image[3, 3, 3] = 5.0  # touches the corner of the cube above: one cluster by 26 neighbours
    image[8, 8, 8] = -9.0
    image[8, 8, 9] = 3.5  # touches, but of the other sign
    return image


def test_clusters_of_known_size_mass_and_peak(values):
    found = find_clusters(values, 3.0)
    assert [(item.size, round(item.mass, 4), item.peak_value) for item in found] == [
        (9, 10.0, 5.0),
        (1, 6.0, -9.0),
        (1, 0.5, 3.5),
    ]
    assert found[0].peak == (3, 3, 3)


def test_labels_agree_with_scipy(values):
    smooth = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(30, 30, 30)), 1.5)
    found = find_clusters(smooth, 0.1)
    positive = ndimage.label(smooth > 0.1, structure=np.ones((3, 3, 3)))[1]
    negative = ndimage.label(smooth < -0.1, structure=np.ones((3, 3, 3)))[1]
    assert len(found) == positive + negative
    labels = label_clusters((30, 30, 30), found)
    assert (labels > 0).sum() == (np.abs(smooth) > 0.1).sum()
    assert np.bincount(labels.ravel())[1:].tolist() == [item.size for item in found]


def test_nothing_beyond_the_threshold_gives_no_cluster(values):
    assert find_clusters(values, 10.0) == []
