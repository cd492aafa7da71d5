"""The one-standard-error rule, and choice inside the training side."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.learning.validation.measures import r2
from bidsapp.learning.validation.selection import choose, select, select_nested, squared_error


def test_takes_the_simplest_within_one_standard_error() -> None:
    spread = np.array([-1.0, 1.0] * 8)  # standard deviation 1.033, standard error 0.258
    choice = choose({"plain": 3.5 + spread, "simple": 3.2 + spread, "rich": 3.0 + spread})
    assert (choice.name, choice.best) == ("simple", "rich")
    assert choice.standard_error["rich"] == pytest.approx(0.2582, abs=1e-4)


def test_takes_the_best_where_none_is_near() -> None:
    spread = np.array([-0.1, 0.1] * 8)
    assert choose({"simple": 3.2 + spread, "rich": 3.0 + spread}).name == "rich"


def test_chooses_a_model_that_helps(cohort, median, ridge) -> None:
    patients, target, groups = cohort
    makes = {"median": median, "ridge": ridge}
    assert select(makes, patients, 5 * target, groups, folds=5).name == "ridge"


def test_nested_choice_is_made_anew_in_every_fold(cohort, median, ridge) -> None:
    patients, target, groups = cohort
    makes = {"median": median, "ridge": ridge}
    found = select_nested(
        makes, patients, target, groups, folds=4, inner_folds=4, repeats=2, loss=squared_error
    )
    assert found.predictions.shape == (2, 40)
    assert [len(names) for names in found.chosen] == [4, 4]
    assert {name for names in found.chosen for name in names} <= set(makes)


def test_nested_choice_among_noise_promises_nothing(median) -> None:
    rng = np.random.default_rng(1)
    patients, target = list(rng.normal(size=(40, 8))), rng.normal(size=40)

    class One:
        """One of the eight numbers, as it is."""

        def __init__(self, column):
            self.column = column

        def fit(self, patients, target):
            return self

        def predict(self, patients):
            return np.array([patient[self.column] for patient in patients])

    makes = {f"{column}": (lambda column=column: One(column)) for column in range(8)}
    groups = [str(row) for row in range(40)]
    found = select_nested(makes, patients, target, groups, folds=5, inner_folds=4)
    assert r2(target, found.predictions)[0] < 0


def test_refuses_nothing_to_choose_from() -> None:
    with pytest.raises(ValueError, match="needs a model"):
        choose({})
