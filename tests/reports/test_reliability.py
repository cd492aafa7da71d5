import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.learning.calibration.counts import count_logits
from bidsapp.learning.calibration.reliability import measure_reliability
from bidsapp.learning.calibration.scaling import Scaling
from bidsapp.reports.page import _environment
from bidsapp.reports.reliability import draw_reliability, read_reliability
from tests.reports.test_learning_curves import write_bundle


@pytest.fixture
def patients():
    # four voxels at 0.75, three of them lesion; twelve at 0.25, none of them
    logits = np.log(np.repeat([3.0, 1 / 3], [4, 12]))
    return [count_logits(logits, np.arange(16) < 3)] * 2


def test_the_curve_goes_through_the_shares_of_lesion_voxels(patients):
    plot = draw_reliability("all", measure_reliability(patients, bins=4, resamples=20))
    assert plot.curve == "M54 192L146 54"
    assert [(each.x, each.y) for each in plot.bins] == [(54, 192), (146, 54)]
    assert plot.bins[1].text == "probability 0.75: 75 % of 8 voxels are lesion"
    assert plot.text == "ECE 0.19 (0.19 to 0.19), Brier 0.09 (0.09 to 0.09)"
    assert plot.before == ""


def test_bars_rise_with_the_logarithm_of_the_voxels(patients):
    first, second = draw_reliability("all", measure_reliability(patients, bins=4, resamples=20)).bins
    assert first.height == pytest.approx(0.2 * 184, abs=0.05)
    assert second.height == pytest.approx(0.2 * 184 * np.log(9) / np.log(25), abs=0.05)
    assert (second.left, second.width) == (146, 46)


def test_the_page_shows_the_curve_before_calibration_only_where_there_is_one(patients):
    template = _environment().from_string(
        '{% from "reliability.html.j2" import reliability %}{{ reliability(plot) }}'
    )
    raw, scaled = measure_reliability(patients), measure_reliability(patients, [Scaling(0.5)] * 2)
    page = template.render(plot=draw_reliability("near <lesions>", scaled, raw))
    assert "near &lt;lesions&gt;" in page
    assert page.count('class="before"') == 1
    assert "before calibration ECE 0.19" in page
    assert 'class="before"' not in template.render(plot=draw_reliability("all", raw))


def test_the_curve_of_a_bundle_is_that_which_was_measured(patients, tmp_path):
    found = measure_reliability(patients, bins=4, resamples=20)
    bundle = write_bundle(tmp_path, "ms", [], reliability=found.plain())
    plot = read_reliability(bundle)
    assert plot is not None
    own = draw_reliability("ms", found)
    assert (plot.title, plot.curve, plot.text) == ("ms", own.curve, own.text)
    assert read_reliability(write_bundle(tmp_path, "plain", [])) is None


def test_damaged_numbers_are_named_with_their_bundle(patients, tmp_path):
    numbers = measure_reliability(patients, bins=4, resamples=20).plain()
    for damaged in ({**numbers, "low": [0.5]}, {**numbers, "ece": 0.1}, {"ece": numbers["ece"]}):
        bundle = write_bundle(tmp_path, "ms", [], reliability=damaged)
        with pytest.raises(BadDataError, match="its reliability curve is damaged") as caught:
            read_reliability(bundle)
        assert str(bundle.path) in str(caught.value)
