import math

import numpy as np
import pytest
from scipy.stats import laplace

from bidsapp.analyses.ms.inference import Output
from bidsapp.analyses.ms.synthesis import ENHANCED, Synthesis, enhancement

SHAPE = (3, 4, 5)


def output(change, scale):
    logit = np.zeros(SHAPE, np.float32)
    return Output(logit, logit, np.full(SHAPE, change, np.float32), np.full(SHAPE, scale, np.float32))


@pytest.mark.parametrize(
    ("above", "chance"), [(0.0, 0.5), (0.1, 1 - 0.5 / math.e), (-0.1, 0.5 / math.e), (-5.0, 0.0)]
)
def test_the_chance_of_enhancement_is_the_tail_of_the_laplace_law(above, chance):
    found = enhancement(output(ENHANCED + above, 0.1), np.ones(SHAPE, bool))
    assert found == pytest.approx(np.full(SHAPE, chance), abs=1e-6)


def test_the_chance_agrees_with_draws_of_the_law():
    drawn = laplace.rvs(0.2, 0.3, size=40_000, random_state=0)
    found = enhancement(output(0.2, 0.3), np.ones(SHAPE, bool))[0, 0, 0]
    assert found == pytest.approx((drawn > ENHANCED).mean(), abs=0.01)


def test_what_enhances_outside_of_lesions_is_no_active_lesion():
    lesion = np.zeros(SHAPE, bool)
    lesion[1] = True
    found = enhancement(output(1.0, 0.1), lesion)
    assert (found[1] > 0.99).all()
    assert not found[[0, 2]].any()
    assert not enhancement(output(0.0, 0.0), ~np.ones(SHAPE, bool)).any()  # no scale outside of the brain


def test_running_means_are_those_of_all_samples():
    rng = np.random.default_rng(0)
    changes, scales = rng.normal(0.3, 0.1, (2, 6, *SHAPE)).astype(np.float32)
    synthesis = Synthesis(SHAPE)
    for change, scale in zip(changes, scales, strict=True):
        synthesis.add(Output(change, change, change, scale))
    assert synthesis.change == pytest.approx(changes.mean(axis=0), abs=1e-6)
    expected = np.sqrt(changes.var(axis=0) + np.square(scales).mean(axis=0))
    assert synthesis.error() == pytest.approx(expected, abs=1e-6)


def test_one_sample_errs_as_it_expects_and_none_says_nothing():
    synthesis = Synthesis(SHAPE)
    with pytest.raises(ValueError, match="No sample"):
        synthesis.error()
    synthesis.add(output(0.2, 0.05))
    assert synthesis.error() == pytest.approx(np.full(SHAPE, 0.05))
