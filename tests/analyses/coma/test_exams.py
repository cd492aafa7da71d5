"""Repeated exams: the best within the window counts, and its error is that of an order statistic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bidsapp.analyses.coma.crsr import State
from bidsapp.analyses.coma.exams import Exam, best_of, check_exam, combine, exams_by_patient, far_apart
from bidsapp.bids.phenotype import ExamRow
from bidsapp.errors import BadDataError

UWS = {"auditory": 1, "visual": 0, "motor": 2, "oromotor": 1, "communication": 0, "arousal": 2}
MCS = {"auditory": 1, "visual": 3, "motor": 0, "oromotor": 0, "communication": 0, "arousal": 1}


def test_best_of_agrees_with_the_known_order_statistics():
    assert best_of(1) == pytest.approx((0.0, 1.0), abs=1e-6)
    assert best_of(2) == pytest.approx((1 / math.sqrt(math.pi), math.sqrt(1 - 1 / math.pi)), abs=1e-6)
    draws = np.random.default_rng(0).standard_normal((200_000, 6)).max(axis=1)
    assert best_of(6) == pytest.approx((draws.mean(), draws.std()), abs=0.01)


def test_the_best_exam_gives_the_total_and_any_exam_the_state():
    label = combine(
        [Exam(total=6, subscales=UWS, days=30), Exam(total=5, subscales=MCS, days=33)], one_exam_error=2.0
    )
    assert label is not None
    assert (label.total, label.state, label.exams, label.days) == (6, State.MCS, 2, 30)
    assert label.error == pytest.approx(2 * math.sqrt(1 - 1 / math.pi), abs=1e-6)


def test_only_exams_within_the_window_count():
    exams = [Exam(total=total, days=day) for total, day in ((12, 10.0), (5, 25.0), (6, 39.0), (9, 40.0))]
    last = combine(exams, window_days=14)
    assert last is not None
    assert (last.total, last.exams) == (9, 2)
    early = combine(exams, day=18.0, window_days=8)
    assert early is not None
    assert (early.total, early.exams) == (12, 2)
    assert combine(exams, day=200.0) is None


def test_exams_without_days_all_count_but_not_beside_dated_ones():
    label = combine([Exam(total=3), Exam(total=4)])
    assert label is not None
    assert (label.total, label.state, label.exams) == (4, None, 2)
    with pytest.raises(BadDataError, match="exam of sub-1 has no day; fill the column"):
        combine([Exam(total=3, where="sub-1"), Exam(total=4, days=2)])
    assert combine([Exam(total=3), Exam(total=4)], day=10) == label


def test_exams_are_far_apart_where_nothing_tells_which_are_near_the_scan():
    wide, close = ([Exam(total=3, days=1.0), Exam(total=4, days=last)] for last in (15.5, 15.0))
    assert far_apart(wide, None)
    assert not far_apart(wide, 3.0)
    assert not far_apart(close, None)
    assert far_apart([Exam(total=3), Exam(total=4)], 3.0)
    assert not far_apart([Exam(total=3)], 3.0)


def test_rows_become_exams_of_each_subject_and_session():
    rows = [
        ExamRow(subject="1", session="a", days=3, subscales=UWS, where="sub-1"),
        ExamRow(subject="1", session="a", days=5, total=5, subscales=MCS, where="sub-1"),
        ExamRow(subject="1", session="b", days=60, total=11, where="sub-1"),
        ExamRow(subject="2", total=23, where="sub-2"),
    ]
    exams = exams_by_patient(rows)
    assert {key: [(exam.total, exam.state, exam.days) for exam in own] for key, own in exams.items()} == {
        ("1", "a"): [(6, State.UWS, 3), (5, State.MCS, 5)],
        ("1", "b"): [(11, None, 60)],
        ("2", None): [(23, None, None)],
    }


def test_a_wrong_row_says_where_it_is():
    row = ExamRow(subject="1", total=7, subscales=UWS, where="sub-1 in row 2 of crsr.tsv")
    with pytest.raises(
        BadDataError, match=r"subscales of sub-1 in row 2 of crsr\.tsv add up to 6, but the total is 7"
    ):
        check_exam(row)
