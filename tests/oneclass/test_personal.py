import numpy as np
from sklearn.svm import OneClassSVM

from bidsapp.oneclass.personal import personal_decision


def test_the_few_places_that_differ_are_outside():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(5000, 4)).astype(np.float32)
    features[:20] += 8
    decision = personal_decision(features, nu=0.05)
    assert decision[:20].max() < np.quantile(decision[20:], 0.02)


def test_it_is_libsvm_on_the_places_chosen():
    features = np.random.default_rng(1).normal(size=(300, 4)).astype(np.float32)
    gamma = 1 / features.astype(np.float64).var(axis=0).sum()
    peer = OneClassSVM(nu=0.03, gamma=gamma, tol=1e-9).fit(features.astype(np.float64))
    assert np.allclose(
        personal_decision(features), peer.decision_function(features.astype(np.float64)), atol=1e-3
    )


def test_the_same_seed_chooses_the_same_places():
    features = np.random.default_rng(2).normal(size=(2000, 3)).astype(np.float32)
    first, again, other = (personal_decision(features, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
