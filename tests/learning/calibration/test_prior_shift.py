"""A classifier of two Gaussian classes, whose exact logit is known for every share of the rarer one."""

import numpy as np
import pytest

from bidsapp.learning.calibration.counts import count_logits
from bidsapp.learning.calibration.prior_shift import LEAST, MOST, Prior

TRAINED, APART = 0.02, 5.0


def scan(share, voxels=200_000, seed=0):
    """Draw a feature (class means 0 and 5, SD 1) and give the logit that is exact at training share."""
    rng = np.random.default_rng(seed)
    truth = rng.random(voxels) < share
    feature = rng.normal(0, 1, voxels) + APART * truth
    logit = APART * feature - APART**2 / 2 + np.log(TRAINED / (1 - TRAINED))
    return logit.astype(np.float32), truth


@pytest.mark.parametrize("share", [0.002, 0.02, 0.04])
def test_the_share_of_a_scan_is_found_without_its_truth(share):
    logit, truth = scan(share)
    nobody = np.zeros_like(truth)
    assert Prior(TRAINED).share(count_logits(logit, nobody)) == pytest.approx(share, rel=0.06)


def test_adapted_logits_are_those_of_a_classifier_trained_at_the_share():
    logit, truth = scan(0.002)
    adapted = Prior(TRAINED).adapt(logit, count_logits(logit, truth))
    exact = logit - np.log(TRAINED / (1 - TRAINED)) + np.log(0.002 / 0.998)
    assert adapted == pytest.approx(exact, abs=0.07)


def test_a_scan_like_those_of_the_training_stays_as_it_is():
    logit, truth = scan(TRAINED)
    mean = float((1 / (1 + np.exp(-logit))).mean())
    assert Prior(mean).adapt(logit, count_logits(logit, truth)) == pytest.approx(logit, abs=0.01)


def test_the_share_stays_within_what_brains_can_have():
    full, none = np.full(100, 9.0), np.full(100, -15.0)
    prior = Prior(TRAINED)
    assert prior.share(count_logits(full, full > 0)) == MOST
    assert prior.share(count_logits(none, none > 0)) == pytest.approx(LEAST, rel=0.1)
