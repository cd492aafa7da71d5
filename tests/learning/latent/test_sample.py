from dataclasses import replace

import numpy as np
import pytest

from bidsapp.errors import BadDataError


def test_rows_know_their_place_and_their_subject(sample):
    np.testing.assert_array_equal(sample.flat[7 * 2 + 5], sample.vectors[2, 5])
    assert sample.by_place(sample.regions)[7 * 2 + 5] == "Putamen"
    assert sample.by_subject(sample.subjects)[7 * 2 + 5] == "sub-05"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("regions", ("Insula",), r"regions has shape \(1,\), not \(6,\)"),
        ("scores", np.zeros((7, 6)), r"scores has shape \(7, 6\), not \(6, 7\)"),
        ("places_mm", np.full((6, 3), np.inf), "places_mm holds a number that is not finite"),
        ("vectors", np.zeros((6, 1, 8)), "two or more places, subjects and dimensions"),
        ("mean", np.zeros((6, 7, 8)), "both the mean and the log-variance"),
    ],
)
def test_what_does_not_fit_is_refused(sample, field, value, message):
    with pytest.raises(BadDataError, match=message):
        replace(sample, **{field: value})
