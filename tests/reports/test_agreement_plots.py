import numpy as np

from bidsapp.learning.discrimination import Estimate
from bidsapp.learning.validation.net_benefit import DecisionCurve
from bidsapp.reports.agreement_plots import draw_calibration, draw_decision, draw_scatter
from bidsapp.reports.numbers import MINUS
from bidsapp.reports.outcome_curves import NetBenefit, RiskBin

from .predictions import pairs_of


def test_dots_lie_on_the_diagonal_of_a_perfect_prediction_within_their_intervals() -> None:
    plot = draw_scatter(pairs_of([0.0, 11.5, 23.0], [0.0, 11.5, 23.0]), {"sub-00_ses-0": "a.html"}, most=3)
    assert [(mark.x, mark.y) for mark in plot.marks] == [(8.0, 192.0), (100.0, 100.0), (192.0, 8.0)]
    assert [(mark.low, mark.high) for mark in plot.marks] == [(192.0, 160.0), (132.0, 68.0), (40.0, 8.0)]
    assert plot.marks[1].text == "sub-01_ses-1: observed 11.5, predicted 11.5 (7.5 to 15.5)"
    assert [mark.link for mark in plot.marks] == ["a.html", "", ""]
    assert (plot.low, plot.high) == ("0", "23")


def test_dots_of_one_observed_score_are_set_side_by_side() -> None:
    plot = draw_scatter(pairs_of([3.0, 4.0, 5.0], [11.5] * 3), {}, most=3)
    assert [mark.x for mark in plot.marks] == [100.0, 102.0, 98.0]


def test_very_many_visits_are_bare_dots() -> None:
    plot = draw_scatter(pairs_of([0.0, 23.0], [0.0, 23.0]), {}, most=1)
    assert (plot.marks, plot.cloud) == ((), "M8 192h0M192 8h0")


def test_a_calibration_curve_goes_through_its_bins() -> None:
    bins = [RiskBin(4, 0.0, Estimate(0.0, 0.0, 0.5)), RiskBin(4, 0.5, Estimate(0.5, 0.0, 1.0))]
    plot = draw_calibration(bins)
    assert plot.curve == "M8 192L100 100"
    assert (plot.marks[1].low, plot.marks[1].high) == (192.0, 8.0)
    assert plot.marks[1].text == "probability 0.50: 0.50 (0.00 to 1.00) of 4"


def test_a_decision_curve_has_nobody_a_fifth_above_the_floor() -> None:
    thresholds, model = np.array([0.2, 0.6]), np.array([0.4, 0.3])
    curve = DecisionCurve(thresholds, model, everyone=np.array([0.25, -0.5]))
    plot = draw_decision(NetBenefit(curve, model, model))
    assert (plot.low, plot.high) == (f"{MINUS}0.10", "0.40")
    assert plot.nobody == 155.2  # 192 less a fifth of 184
    assert plot.model == "M44.8 8L118.4 44.8"
    assert plot.text.endswith("0.30 at a threshold of 0.60")
