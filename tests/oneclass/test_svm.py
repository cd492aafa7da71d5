import numpy as np
import pytest
from sklearn.svm import OneClassSVM

from bidsapp.errors import BadDataError
from bidsapp.oneclass import svm
from bidsapp.oneclass.machines import fit_machine
from bidsapp.oneclass.svm import centred_gamma, fit_svm

NUS = [0.03, 0.1, 0.5]


def cohort(controls=24, voxels=12, dimensions=6, seed=0):
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.5, 2, (1, voxels, dimensions))
    offset = rng.normal(0, 5, (1, voxels, dimensions))
    return (rng.normal(size=(controls, voxels, dimensions)) * scale + offset).astype(np.float32)


def libsvm(points, nu, gamma):
    return OneClassSVM(nu=nu, gamma=gamma, tol=1e-10).fit(points.astype(np.float64))


@pytest.mark.parametrize("nu", NUS)
def test_decision_values_are_those_of_libsvm(nu):
    features, new = cohort(), cohort(controls=1, seed=1)[0]
    gamma = centred_gamma(features)
    decision = fit_svm(features, nu=nu, tolerance=1e-8).model.decide(new)
    for voxel in range(12):
        peer = libsvm(features[:, voxel], nu, gamma[voxel])
        expected = peer.decision_function(new[None, voxel].astype(np.float64))[0]
        assert abs(decision[voxel] - expected) <= 1e-5 * abs(peer.offset_[0])


@pytest.mark.parametrize("nu", NUS)
def test_leaving_one_out_is_a_refit_without_it(nu):
    features = cohort(voxels=3)
    gamma = centred_gamma(features)
    left_out = fit_svm(features, nu=nu, tolerance=1e-8).left_out
    for voxel in range(3):
        for control in range(24):
            others = np.arange(24) != control
            peer = libsvm(features[others, voxel], nu, gamma[voxel])
            expected = peer.decision_function(features[control, voxel][None].astype(np.float64))[0]
            assert abs(left_out[control, voxel] - expected) <= 1e-5 * abs(peer.offset_[0])


def test_optimality_conditions_hold_to_the_tolerance():
    fit = fit_svm(cohort(), nu=0.2, tolerance=1e-6)
    assert fit.violation.max() < 1e-6


def test_nu_bounds_the_share_of_support_vectors():
    model = fit_svm(cohort(), nu=0.5, leave_one_out=False).model
    assert np.diff(model.first).min() >= 12
    assert np.allclose(np.add.reduceat(model.weights, model.first[:-1]), 0.5 * 24, atol=1e-4)


def test_gamma_ignores_what_is_added_to_a_dimension():
    features = cohort()
    shifted = features + np.arange(6, dtype=np.float32) * 10
    assert np.allclose(centred_gamma(features), centred_gamma(shifted), rtol=1e-3)


def test_controls_that_are_all_alike_are_inside_and_others_outside():
    features = np.ones((10, 1, 4), np.float32)
    fit = fit_svm(features)
    assert np.allclose(fit.left_out, 0, atol=1e-6)
    assert fit.model.decide(features[0] + 3)[0] < 0


def test_a_voxel_does_not_depend_on_its_neighbours():
    features = cohort(voxels=200)
    whole, part = fit_svm(features), fit_svm(features[:, 100:130])
    assert np.array_equal(whole.left_out[:, 100:130], part.left_out)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"nu": 0.0}, "nu"),
        ({"features": cohort(controls=2)}, "at least 3"),
        ({"features": np.full((5, 2, 2), np.nan, np.float32)}, "not finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, sentence):
    with pytest.raises(BadDataError, match=sentence):
        fit_svm(**{"features": cohort(), **change})


def test_machines_whose_search_was_given_up_are_told(monkeypatch, caplog):
    features = cohort(controls=12, voxels=3, dimensions=2)
    fit_machine("svm", features)
    assert not caplog.messages
    monkeypatch.setattr(svm, "MOST_STEPS", 1)
    fit_machine("svm", features)
    assert "machines of 3 of 3 voxels did not converge" in caplog.text
