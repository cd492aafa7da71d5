import math

import numpy as np
import pytest
from scipy.stats import entropy

from bidsapp.learning.uncertainty.samples import Samples, binary_entropy


def measure(*probabilities):
    samples = Samples(np.shape(probabilities[0]))
    for probability in probabilities:
        samples.add(np.float32(probability))
    return samples.measure()


def test_entropy_of_a_coin_is_ln_2_and_agrees_with_scipy():
    p = np.linspace(0, 1, 21, dtype=np.float32)
    assert binary_entropy(p) == pytest.approx(entropy([p, 1 - p]), abs=1e-6)
    assert binary_entropy(np.float32([0.5]))[0] == pytest.approx(math.log(2))


def test_samples_that_agree_on_doubt_have_entropy_and_no_mutual_information():
    found = measure([0.5, 0.9], [0.5, 0.9], [0.5, 0.9])
    assert found.entropy == pytest.approx([math.log(2), 0.325083], abs=1e-5)
    assert found.mutual_information == pytest.approx([0, 0], abs=1e-6)
    assert found.variance == pytest.approx([0, 0], abs=1e-12)


def test_samples_that_are_sure_of_opposites_have_all_their_entropy_as_mutual_information():
    found = measure([0.0], [1.0])
    assert found.entropy == pytest.approx([math.log(2)])
    assert found.mutual_information == pytest.approx([math.log(2)], abs=1e-5)
    assert found.variance == pytest.approx([0.25])


def test_running_means_agree_with_all_samples_at_once():
    rng = np.random.default_rng(0)
    p = rng.random((7, 3, 4, 2))
    found = measure(*p)
    mean = p.mean(axis=0)
    apart = entropy([p, 1 - p]).mean(axis=0)
    assert found.probability == pytest.approx(mean, abs=1e-6)
    assert found.variance == pytest.approx(p.var(axis=0), abs=1e-6)
    assert found.entropy == pytest.approx(entropy([mean, 1 - mean]), abs=1e-6)
    assert found.mutual_information == pytest.approx(entropy([mean, 1 - mean]) - apart, abs=1e-6)


def test_variance_next_to_certainty_survives_single_precision():
    # mean of squares less square of the mean would lose all of it
    found = measure([0.9999], [0.9998])
    assert found.variance[0] == pytest.approx(0.25e-8, rel=0.01)


def test_what_cannot_be_averaged_is_an_error():
    with pytest.raises(ValueError, match="No sample"):
        Samples((2,)).measure()
    with pytest.raises(ValueError, match="has shape"):
        measure([0.5], [0.5, 0.5])
