"""Who is left out by which fold of a training."""

from __future__ import annotations

from itertools import chain

from bidsapp.analyses.ms.roles import subjects_of_folds

PATIENTS = [f"{number:02d}" for number in range(11)]


def test_each_patient_is_left_out_once() -> None:
    folds = list(subjects_of_folds(PATIENTS, 5, seed=3))
    assert sorted(chain.from_iterable(folds)) == PATIENTS
    assert sorted(map(len, folds)) == [2, 2, 2, 2, 3]


def test_folds_do_not_depend_on_the_order_of_patients() -> None:
    assert list(subjects_of_folds(PATIENTS, 5, 3)) == list(subjects_of_folds(PATIENTS[::-1], 5, 3))


def test_there_are_no_more_folds_than_patients_and_none_for_one() -> None:
    assert sorted(subjects_of_folds(["07", "19"], 5, 0)) == [("07",), ("19",)]
    assert list(subjects_of_folds(["07"], 5, 0)) == []
