from collections import Counter

import pytest

from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BadDataError


def cohort(subjects, sessions=("1", "2")):
    return Cohort(
        tuple(Member(subject=f"{s:02d}", session=label) for s in range(subjects) for label in sessions)
    )


@pytest.mark.parametrize("n_folds", [2, 3, 7, 20])
def test_no_patient_is_on_both_sides_and_each_is_tested_once(n_folds):
    tested = Counter()
    for training, test in cohort(20).folds(n_folds, seed=1):
        assert not set(training.subjects) & set(test.subjects)
        assert len(training) + len(test) == 40
        tested.update(test.subjects)
    assert set(tested.values()) == {1}
    assert len(tested) == 20


def test_each_fold_gets_its_share_of_each_class():
    strata = {f"{s:02d}": "rare" if s < 4 else "common" for s in range(20)}
    for _, test in cohort(20).folds(4, seed=3, strata=strata):
        assert Counter(strata[subject] for subject in test.subjects) == {"rare": 1, "common": 4}


def test_the_seed_alone_decides_the_folds():
    first = [test.subjects for _, test in cohort(9).folds(3, seed=5)]
    assert [test.subjects for _, test in cohort(9).folds(3, seed=5)] == first
    assert [test.subjects for _, test in cohort(9).folds(3, seed=6)] != first


def test_more_folds_than_subjects_are_refused():
    with pytest.raises(BadDataError, match="3 subjects cannot be split into 4 folds"):
        next(cohort(3).folds(4, seed=0))
