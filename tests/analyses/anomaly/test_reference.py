import numpy as np

from bidsapp.analyses.anomaly.reference import outlier_limit


def test_the_limit_is_five_standard_deviations_of_what_is_normal():
    values = np.random.default_rng(0).normal(10, 2, 20_001)
    assert abs(outlier_limit(values) - 20) < 0.3


def test_one_extreme_control_does_not_hide_another():
    values = np.append(np.linspace(0.9, 1.1, 40), 9.0)
    assert 1.2 < outlier_limit(values) < 2
