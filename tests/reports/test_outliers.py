import numpy as np
from scipy.stats import median_abs_deviation

from bidsapp.reports.outliers import robust_z


def test_agrees_with_scipys_median_absolute_deviation() -> None:
    values = np.random.default_rng(0).lognormal(size=101)
    expected = 0.6745 * (values - np.median(values)) / median_abs_deviation(values)
    assert np.allclose(robust_z(values.tolist()), expected)


def test_one_outlier_does_not_hide_itself() -> None:
    values = [10.0, 11.0, 9.0, 10.5, 9.5, 10.2, 1000.0]
    z = robust_z(values)
    assert z[-1] > 3.5
    assert (abs(z[:-1]) < 3.5).all()
    plain = (1000.0 - np.mean(values)) / np.std(values)
    assert plain < 3.5  # a mean and a standard deviation would have missed it


def test_equal_values_do_not_stand_out_unless_one_differs() -> None:
    assert robust_z([5.0] * 9).tolist() == [0.0] * 9
    assert robust_z([5.0] * 9 + [6.0])[-1] > 3.5
    assert robust_z([]).size == 0
