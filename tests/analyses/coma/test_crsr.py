"""The numeric rules of the CRS-R: every boundary of a state, every way in which an exam can be wrong."""

from __future__ import annotations

import pytest

from bidsapp.analyses.coma.crsr import (
    MAXIMUM,
    SUBSCALES,
    State,
    check_subscales,
    check_sum,
    check_total,
    diagnose,
)
from bidsapp.errors import BadDataError

NOTHING = dict.fromkeys(SUBSCALES, 0)


def test_the_six_subscales_add_up_to_23():
    assert [subscale.maximum for subscale in SUBSCALES.values()] == [4, 5, 6, 3, 2, 3]
    assert MAXIMUM == 23


@pytest.mark.parametrize(
    ("name", "last_uws", "first_mcs", "last_mcs", "emerged"),
    [
        ("auditory", 2, 3, 4, None),
        ("visual", 1, 2, 5, None),
        ("motor", 2, 3, 5, 6),
        ("oromotor", 2, 3, 3, None),
        ("communication", 0, 1, 1, 2),
    ],
)
def test_each_subscale_changes_the_state_at_its_threshold(name, last_uws, first_mcs, last_mcs, emerged):
    assert diagnose(NOTHING | {name: last_uws}) is State.UWS
    assert diagnose(NOTHING | {name: first_mcs}) is State.MCS
    assert diagnose(NOTHING | {name: last_mcs}) is State.MCS
    if emerged is not None:
        assert diagnose(NOTHING | {name: emerged}) is State.EMERGED


def test_arousal_is_a_sign_of_no_state_and_the_highest_sign_decides():
    assert diagnose(NOTHING | {"arousal": 3}) is State.UWS
    assert diagnose(NOTHING | {"visual": 5, "motor": 6}) is State.EMERGED


def test_a_missing_subscale_leaves_the_state_open_unless_it_could_not_change_it():
    without_motor = {name: 0 for name in SUBSCALES if name != "motor"}
    assert diagnose(without_motor) is None
    assert diagnose(without_motor | {"visual": 3}) is None
    assert diagnose(without_motor | {"communication": 2}) is State.EMERGED
    assert diagnose({name: 0 for name in SUBSCALES if name != "arousal"}) is State.UWS
    assert diagnose({}) is None


@pytest.mark.parametrize("total", [-1, 24, 7.5, float("nan"), float("inf")])
def test_a_total_out_of_range_is_one_sentence_with_subject_and_remedy(total):
    with pytest.raises(
        BadDataError, match=r"^The CRS-R total of sub-7 in crsr.tsv is .*; correct it to .*23\.$"
    ):
        check_total(total, "sub-7 in crsr.tsv")


@pytest.mark.parametrize(("name", "maximum"), [(name, item.maximum) for name, item in SUBSCALES.items()])
def test_each_subscale_has_its_range(name, maximum):
    assert check_subscales({name: float(maximum)}, "sub-7") == {name: maximum}
    for wrong in (maximum + 1, -1, 0.5):
        with pytest.raises(BadDataError, match=f"The CRS-R {name} score of sub-7 is {wrong:g}; correct"):
            check_subscales({name: wrong}, "sub-7")


def test_an_unknown_subscale_is_named():
    with pytest.raises(BadDataError, match="subscale 'smell'; name it one of auditory"):
        check_subscales({"smell": 1}, "sub-7")


def test_subscales_must_add_up():
    exam = {"auditory": 2, "visual": 3, "motor": 2, "oromotor": 1, "communication": 0, "arousal": 2}
    assert check_sum(10, exam, "sub-7") == 10
    assert check_sum(None, exam, "sub-7") == 10
    with pytest.raises(BadDataError, match="of sub-7 add up to 10, but the total is 11; correct"):
        check_sum(11, exam, "sub-7")


def test_a_total_must_be_possible_with_the_subscales_that_are_there():
    known = {"auditory": 4, "visual": 5}
    assert check_sum(9, known, "sub-7") == 9
    assert check_sum(23, known, "sub-7") == 23
    with pytest.raises(BadDataError, match="add up to 9 without the missing ones, but the total is 8"):
        check_sum(8, known, "sub-7")
    with pytest.raises(BadDataError, match="has no total and lacks motor, oromotor, communication, arousal"):
        check_sum(None, known, "sub-7")
