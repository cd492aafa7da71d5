"""Transformers fitted outside of the fold, caught."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.learning.validation.sealed import check_sealed, check_unfitted

LEFT_OUT = np.arange(40) % 4 == 0


@pytest.fixture
def pipelines(ridge):
    """Give three pipelines: an honest one and two with a step outside of the fold."""

    def run(table, target, left_out):
        model = ridge().fit(list(table[~left_out]), target[~left_out])
        return model.predict(list(table[left_out]))

    def honest(patients, target, left_out):
        table = np.stack(patients)
        inside = table[~left_out]
        best = np.abs(inside.T @ target[~left_out]).argmax()
        return run((table - inside.mean(axis=0))[:, [best]], target, left_out)

    def selected_outside(patients, target, left_out):
        table = np.stack(patients)
        weights = table.T @ target
        return run(table * weights, target, left_out)

    def scaled_outside(patients, target, left_out):
        table = np.stack(patients)
        return run(table / table.std(axis=0), target, left_out)

    return {"honest": honest, "selected": selected_outside, "scaled": scaled_outside}


def test_an_honest_pipeline_passes(pipelines, cohort) -> None:
    patients, target, _ = cohort
    check_sealed(pipelines["honest"], patients, target, LEFT_OUT)
    wrong = pipelines["scaled"](patients, target, LEFT_OUT)
    assert np.abs(wrong - pipelines["honest"](patients, target, LEFT_OUT)).max() < 3  # looks as innocent


def test_features_weighed_by_all_labels(pipelines, cohort) -> None:
    patients, target, _ = cohort
    with pytest.raises(BadDataError, match="change with their own labels"):
        check_sealed(pipelines["selected"], patients, target, LEFT_OUT)


def test_a_scaler_fitted_to_everybody(pipelines, cohort) -> None:
    patients, target, _ = cohort
    with pytest.raises(BadDataError, match="changes with the other left-out patients"):
        check_sealed(pipelines["scaled"], patients, target, LEFT_OUT)


def test_a_model_that_was_fitted_before(cohort, ridge) -> None:
    patients, target, _ = cohort
    fitted = ridge().fit(patients, target)

    class Frozen(ridge):
        def __init__(self):
            self.centre, self.mean, self.weights = fitted.centre, fitted.mean, fitted.weights

    with pytest.raises(BadDataError, match="Frozen predicts before it was fitted"):
        check_unfitted(Frozen, patients)
    with pytest.raises(BadDataError, match="the same object twice"):
        check_unfitted(lambda: fitted, patients)
    check_unfitted(ridge, patients)
