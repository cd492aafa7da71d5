import doctest

import pytest

from bidsapp.reports import numbers
from bidsapp.reports.numbers import count, decimals_of, join, write_cells, write_number, write_seconds


def test_examples() -> None:
    assert doctest.testmod(numbers).failed == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (12.3456, "12.3"),
        (-0.5, "\N{MINUS SIGN}0.500"),
        (1234567.0, "1\u202f234\u202f567"),
        (3, "3"),
        (0.000001234, "1.2e\N{MINUS SIGN}06"),
        (float("nan"), "n/a"),
        (float("inf"), "∞"),
        (-0.0, "0"),
        ("Left", "Left"),
        (False, "no"),
    ],
)
def test_numbers_are_written_for_people(value, text) -> None:
    assert write_number(value) == text


def test_a_column_has_one_number_of_decimals() -> None:
    assert write_cells(((1.5, "a", 7), (120.25, None, 11))) == [["2", "a", "7"], ["120", "n/a", "11"]]
    assert decimals_of([0.0412, None]) == 4
    assert write_cells(()) == []


def test_words() -> None:
    assert count(0, "session") == "0 sessions"
    assert join(["a", "b", "c"]) == "a, b and c"
    assert join([]) == ""
    assert write_seconds(3725) == "1 h 02 min"


def test_the_rounding_of_sums_is_nought_and_a_small_p_is_not():
    assert write_number(1.6e-16) == "0"
    assert write_number(2e-7) == "2.0e\N{MINUS SIGN}07"
