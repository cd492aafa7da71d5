"""Activity told from the rise of lesions on FLAIR since the earlier session."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.analyses.ms.activity_rule import FEATURES, ActivityRule, features_of
from bidsapp.analyses.ms.instances import find_instances
from bidsapp.analyses.ms.networks import read_rule

SHAPE = (40, 40, 40)
BRAIN = np.ones(SHAPE, dtype=np.bool_)
CUBES = {1: slice(2, 6), 2: slice(14, 17), 3: slice(30, 32)}
RULE = ActivityRule((2.0, 0.0, -4.0, 0.0), -1.0)


def scan(level: dict[int, float], gain: float = 1.0, offset: float = 0.0) -> np.ndarray:
    """White matter of 1 with cubes that are brighter by so much."""
    image = np.ones(SHAPE, dtype=np.float32)
    for number, value in level.items():
        image[(CUBES[number],) * 3] += value
    return (image * gain + offset).astype(np.float32)


LABELS = find_instances(scan(dict.fromkeys(CUBES, 1.0)) > 1.5, 1.0)


def test_brightness_is_above_the_surround_and_the_rise_above_the_middle_lesion():
    now, before = scan({1: 0.6, 2: 0.6, 3: 0.5}), scan({1: 0.6, 2: 0.3})
    found = features_of(LABELS, now, before, BRAIN)
    assert found.shape == (3, len(FEATURES))
    assert found[:, 1] == pytest.approx([0.6, 0.6, 0.5], abs=1e-5)
    assert found[:, 2] == pytest.approx([0.6, 0.3, 0.0], abs=1e-5)
    assert found[:, 0] == pytest.approx([0 - 0.5, 0.5 - 0.5, 1 - 0.5], abs=1e-5)
    assert found[:, 3] == pytest.approx(np.log([64, 27, 8]))


def test_another_offset_of_the_earlier_scan_changes_nothing():
    now, then = scan({1: 0.6, 2: 0.6, 3: 0.5}), {1: 0.6, 2: 0.3}
    same = features_of(LABELS, now, scan(then), BRAIN)
    assert features_of(LABELS, now, scan(then, offset=0.4), BRAIN) == pytest.approx(same, abs=1e-5)


def test_no_lesion_gives_no_row():
    empty = np.zeros(SHAPE, dtype=np.int32)
    assert features_of(empty, scan({}), scan({}), BRAIN).shape == (0, len(FEATURES))
    assert not RULE.paint(empty, scan({}), scan({}), BRAIN).any()


def test_the_rule_that_is_fitted_is_the_one_that_scikit_learn_applies():
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    features = rng.normal(size=(80, 4)) * [1, 3, 0.2, 5] + 2
    active = features[:, 0] - features[:, 2] + rng.normal(size=80) > 0
    rule = ActivityRule.fit([(features[:50], active[:50]), (features[50:], active[50:])])
    scaled = StandardScaler().fit_transform(features)
    expected = LogisticRegression().fit(scaled, active).predict_proba(scaled)[:, 1]
    assert rule.probability(features) == pytest.approx(expected, abs=1e-8)
    assert ActivityRule.of(rule.plain()) == rule


def test_a_damaged_rule_is_refused():
    with pytest.raises(ValueError, match="4 weights"):
        ActivityRule.of({"weights": [1.0], "intercept": 0.0})
    with pytest.raises(TypeError):
        ActivityRule.of([1.0])
    with pytest.raises(KeyError):
        read_rule({"active_from": "change"})
    assert read_rule({"active_from": "head", "activity_rule": RULE.plain()}) is None


def test_a_new_lesion_is_called_active_an_old_one_is_not():
    told = RULE.paint(LABELS, scan({1: 0.6, 2: 0.6, 3: 0.6}), scan({1: 0.6, 2: 0.6}), BRAIN)
    assert told[LABELS == 3] == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-5)  # rise 1 above the middle
    assert told[LABELS == 1].max() < 0.05
    assert told[LABELS == 0].max() == 0
