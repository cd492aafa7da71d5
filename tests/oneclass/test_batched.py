import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.oneclass import batched
from bidsapp.oneclass.batched import fit_batched
from bidsapp.oneclass.svm import fit_svm


def cohort(controls=24, voxels=12, dimensions=6, seed=0):
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.5, 2, (1, voxels, dimensions))
    offset = rng.normal(0, 5, (1, voxels, dimensions))
    return (rng.normal(size=(controls, voxels, dimensions)) * scale + offset).astype(np.float32)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("nu", [0.03, 0.1, 0.5])
def test_it_is_the_compiled_machine(nu, precision):
    features, new = cohort(), cohort(controls=1, seed=1)[0]
    compiled, fit = fit_svm(features, nu=nu), fit_batched(features, nu=nu, precision=precision)
    within = 1e-4 * np.abs(compiled.model.rho)
    assert (np.abs(fit.model.rho - compiled.model.rho) <= within).all()
    assert (np.abs(fit.left_out - compiled.left_out) <= within).all()
    expected = compiled.model.decide(new)
    decision = fit.model.decide(new)
    assert (np.abs(decision - expected) <= within).all()
    clear = np.abs(expected) > within
    assert np.array_equal(np.sign(decision[clear]), np.sign(expected[clear]))


def test_optimality_conditions_hold_to_the_tolerance():
    fit = fit_batched(cohort(voxels=4), nu=0.2, tolerance=1e-8)
    assert fit.violation.max() < 1.01e-8


def test_a_voxel_does_not_depend_on_the_block_it_is_in(monkeypatch):
    features = cohort(voxels=7)
    whole = fit_batched(features)
    monkeypatch.setattr(batched, "MEMORY", 2 * 8 * batched.COPIES * 24**2)
    parts = fit_batched(features)
    assert np.allclose(whole.left_out, parts.left_out, atol=1e-6)
    assert np.array_equal(whole.model.first, parts.model.first)


def test_controls_that_are_alike_do_not_keep_it_from_ending():
    features = cohort(voxels=3)
    features[10:] = features[:14]
    fit = fit_batched(features, nu=0.1, precision="float32")
    assert np.allclose(fit.model.rho, fit_svm(features, nu=0.1).model.rho, rtol=1e-4)


def test_without_leaving_one_out_none_is_scored():
    assert fit_batched(cohort(voxels=2), leave_one_out=False).left_out is None


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(BadDataError, match="at least 3"):
        fit_batched(cohort(controls=2))
