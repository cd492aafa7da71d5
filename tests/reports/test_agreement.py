from dataclasses import replace

import numpy as np
import pytest

from bidsapp.learning.validation.net_benefit import decision_curve
from bidsapp.reports.agreement import agree
from bidsapp.reports.layout import read_layout
from bidsapp.reports.outcome_curves import measure_net_benefit, risk_bins

from .predictions import outcomes, pairs_of

RULES = replace(read_layout().agreement, resamples=200)
SCORES = [2.0, 5.0, 5.0, 8.0, 11.0, 14.0, 17.0, 20.0, 22.0, 6.0]


def test_a_perfect_prediction() -> None:
    found = agree(pairs_of(SCORES, SCORES), {}, RULES, seed=0)
    values = {name: (item.value, item.low, item.high) for name, item in found.measures.items()}
    assert values["mae"] == (0.0, 0.0, 0.0)
    for name in ("r2", "spearman", "weighted_kappa"):
        assert values[name] == pytest.approx((1.0, 1.0, 1.0))
    assert found.coverage["all"].share.value == 1.0
    assert found.coverage["all"].share.low == pytest.approx(0.025 ** (1 / 10))  # Clopper-Pearson of 10 of 10
    assert found.coverage["all"].mean_width == 8.0
    assert (found.calibration, found.decision) == ((), None)


def test_a_constant_error_is_the_mean_error_of_every_site() -> None:
    people = {f"{n:02d}": {"Site": "A" if n < 5 else "B" if n < 8 else "C"} for n in range(10)}
    found = agree(pairs_of([score + 3 for score in SCORES], SCORES), people, RULES, seed=0)
    assert found.measures["mae"].value == 3.0
    (sites,) = found.breakdowns
    (site,) = sites.groups
    assert (sites.column, sites.unlisted, site.name, site.people) == ("Site", 5, "A", 5)
    assert (site.mean_error.value, site.mean_error.low, site.mean_error.high) == (3.0, 3.0, 3.0)


def test_a_column_that_says_the_same_of_all_is_no_breakdown() -> None:
    people = {f"{n:02d}": {"site": "A", "etiology": "n/a"} for n in range(10)}
    assert agree(pairs_of(SCORES, SCORES), people, RULES, seed=0).breakdowns == ()


def test_sessions_of_a_person_are_no_further_people() -> None:
    subjects = [f"{number % 5}" for number in range(10)]
    few = agree(pairs_of(SCORES, SCORES, subjects), {}, RULES, seed=0)
    assert (few.pairs.people, few.measures) == (5, {})
    twice = pairs_of([*SCORES, *SCORES], [*SCORES, *(score + 1 for score in SCORES)], [*"0123456789"] * 2)
    found = agree(twice, {}, RULES, seed=0)
    # Every draw holds as many first sessions (error 0) as second ones (error 1).
    assert (found.measures["mae"].low, found.measures["mae"].high) == (0.5, 0.5)
    assert found.coverage["all"].patients == 10


def test_intervals_that_miss_are_counted_by_third_of_the_observed_score() -> None:
    predicted = [score if score < 15 else score - 5 for score in SCORES]
    coverage = agree(pairs_of(predicted, SCORES), {}, RULES, seed=0).coverage
    assert coverage["all"].share.value == pytest.approx(0.7)
    assert (coverage["low"].share.value, coverage["high"].share.value) == (1.0, 0.0)


def test_an_outcome_has_an_auc_and_a_decision_curve() -> None:
    from sklearn.metrics import brier_score_loss, roc_auc_score

    predicted, observed = outcomes(60)
    pairs = pairs_of(predicted, observed, limits=(0.0, 1.0))
    found = agree(pairs, {}, RULES, seed=0)
    assert found.measures["auc"].value == pytest.approx(roc_auc_score(observed, predicted))
    assert found.measures["brier"].value == pytest.approx(brier_score_loss(observed, predicted))
    assert found.coverage == {}
    assert found.decision is not None
    curve = decision_curve(np.array(observed), np.array(predicted), np.array(RULES.thresholds))
    assert found.decision.curve.model.tolist() == curve.model.tolist()
    assert (found.decision.low <= curve.model).all()
    assert (found.decision.high >= curve.model).all()


def test_one_certain_outcome_is_worth_its_frequency_at_any_threshold() -> None:
    observed = [1.0, 0.0] * 6
    found = measure_net_benefit(pairs_of(observed, observed, limits=(0.0, 1.0)), RULES, seed=0)
    assert found.curve.model == pytest.approx(np.full(len(RULES.thresholds), 0.5))
    assert found.curve.everyone[0] == pytest.approx(0.5 - 0.5 * 0.05 / 0.95)


def test_bins_of_probability_agree_with_scikit_learn() -> None:
    from sklearn.calibration import calibration_curve

    predicted, observed = outcomes(40)
    bins = risk_bins(pairs_of(predicted, observed, limits=(0.0, 1.0)), RULES)
    share, mean = calibration_curve(observed, predicted, n_bins=5, strategy="quantile")
    assert [item.people for item in bins] == [8] * 5
    assert [item.predicted for item in bins] == pytest.approx(mean.tolist())
    assert [item.observed.value for item in bins] == pytest.approx(share.tolist())


def test_scores_of_0_and_1_on_a_longer_scale_are_no_outcome() -> None:
    assert not pairs_of([0.2, 0.8], [0.0, 1.0]).is_outcome
    assert pairs_of([0.2, 0.8], [0.0, 1.0], limits=(0.0, 1.0)).is_outcome
