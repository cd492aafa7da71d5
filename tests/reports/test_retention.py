import numpy as np
import pytest

from bidsapp.learning.uncertainty.retention import Retention
from bidsapp.reports.page import _environment
from bidsapp.reports.retention import draw_retention


def falling_to(score):
    return Retention(np.array([0.0, 0.5, 1.0]), np.array([1.0, 1.0, score]))


def test_curves_are_drawn_from_the_tenth_below_the_lowest_score():
    plot = draw_retention("lesions", "F1", {"entropy": falling_to(0.66), "random": falling_to(0.64)})
    assert plot.floor == "0.6"
    assert plot.lines[0].path == "M8 8L100 8L192 164.4"
    assert (plot.lines[0].kind, plot.lines[1].kind) == ("measure-1", "random")
    assert plot.text == "area under the curve: entropy 0.915, random 0.910"


def test_a_perfect_score_still_has_a_box():
    plot = draw_retention("lesions", "F1", {"entropy": falling_to(1.0)})
    assert (plot.floor, plot.lines[0].path) == ("0.9", "M8 8L100 8L192 8")


def test_the_page_names_each_curve_with_its_area():
    template = _environment().from_string(
        '{% from "uncertainty.html.j2" import retention %}{{ retention(plot) }}'
    )
    page = template.render(
        plot=draw_retention("a < b", "nDSC", {"volume": falling_to(0.5), "mi": falling_to(0)})
    )
    assert "a &lt; b" in page
    assert page.count('class="line volume"') == page.count('class="line measure-1"') == 2
    assert "<title>volume: area 0.875</title>" in page


def test_no_curve_and_more_than_colours_are_errors():
    with pytest.raises(ValueError, match="0 measures cannot be drawn"):
        draw_retention("lesions", "F1", {})
    with pytest.raises(ValueError, match="6 measures"):
        draw_retention("lesions", "F1", {str(number): falling_to(0.5) for number in range(6)})
