"""Regions found from the score alone, and patterns of linear models."""

import numpy as np
import pytest

from bidsapp.analyses.coma.features.regional import Regional
from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.models.median import Median
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.patterns import haufe_of, pack_patterns, unpack_patterns
from bidsapp.analyses.coma.weak import attend, fit_attention, region_tokens
from bidsapp.errors import BadDataError

PATIENTS, REGIONS, TELLING = 60, 6, 2


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(0)
    anomaly = rng.normal(size=(PATIENTS, REGIONS, 1))
    anomaly[rng.random((PATIENTS, REGIONS, 1)) < 0.1] = np.nan
    return anomaly, 12 + 3 * np.nan_to_num(anomaly[:, TELLING, 0])


def test_attention_looks_at_the_region_that_makes_the_score_and_says_how_much(cohort):
    anomaly, score = cohort
    tokens = region_tokens(anomaly)
    found = attend(fit_attention(tokens, score, seed=0), tokens)
    assert np.corrcoef(found.predicted, score)[0, 1] > 0.9
    assert found.contributions.std(axis=0).argmax() == TELLING
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, rtol=1e-5)
    assert (found.weights[np.isnan(anomaly[..., 0])] == 0).all()


def test_contributions_and_one_number_for_all_add_up_to_the_prediction(cohort):
    tokens = region_tokens(cohort[0])
    found = attend(fit_attention(tokens, cohort[1], seed=0, steps=5), tokens)
    rest = found.predicted - found.contributions.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-4)


def test_training_is_the_same_again_and_needs_scores_that_differ(cohort):
    tokens = region_tokens(cohort[0])
    first, again = (fit_attention(tokens, cohort[1], seed=3, steps=2).state_dict() for _ in range(2))
    assert all((first[name] == again[name]).all() for name in first)
    with pytest.raises(BadDataError, match="same score"):
        fit_attention(tokens, np.full(PATIENTS, 5.0), seed=0)


def test_the_pattern_is_the_correlation_of_column_and_prediction():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3))
    patients = [
        Patient(subject=str(i), regions={"pet": {"a": a, "b": b, "c": c, "flat": 1.0}})
        for i, (a, b, c) in enumerate(values.tolist())
    ]
    model = Linear("regions", "Regions", [Regional()]).fit(patients, values[:, 0] + rng.normal(size=40))
    found = haufe_of(model, patients)
    predicted = model.predict(patients)
    for place, name in enumerate("abc"):
        expected = np.corrcoef(values[:, place], predicted)[0, 1]
        assert found[f"pet:{name}"] == pytest.approx(expected)
    assert found["pet:flat"] == 0
    assert unpack_patterns(pack_patterns(found)) == found
    assert haufe_of(Median().fit(patients, values[:, 0]), patients) == {}
