"""Deliberate leaks, each caught; and innocent data that pass."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.learning.validation import guards

TARGET = np.arange(20.0)


def test_a_patient_in_two_folds() -> None:
    with pytest.raises(BadDataError, match="Patient b is in folds 0 and 1"):
        guards.check_patients_apart(list("aabb"), np.array([0, 0, 0, 1]))
    guards.check_patients_apart(list("aabb"), np.array([0, 0, 1, 1]))


def test_a_site_that_is_the_label() -> None:
    outcome = np.repeat([0.0, 1.0], 10)
    with pytest.raises(BadDataError, match="category 'site' explains 100% of the label"):
        guards.check_category("site", ["north"] * 10 + ["south"] * 10, outcome)


def test_a_site_that_as_good_as_gives_the_score() -> None:
    score = np.repeat([2.0, 12.0, 22.0], 10) + np.tile([-0.5, 0.5], 15)
    with pytest.raises(BadDataError, match="explains 100% of the label"):
        guards.check_category("site", ["a"] * 10 + ["b"] * 10 + ["c"] * 10, score)


def test_sites_with_both_outcomes_pass() -> None:
    outcome = np.tile([0.0, 1.0], 10)
    guards.check_category("site", ["north"] * 10 + ["south"] * 10, outcome)
    guards.check_category("subject", [str(row) for row in range(20)], outcome)
    guards.check_category("site", ["north"] * 20, outcome)


@pytest.mark.parametrize(
    "column", [TARGET, -TARGET, np.exp(TARGET / 3), np.where(TARGET == 4, np.nan, TARGET)]
)
def test_the_label_among_the_covariates(column) -> None:
    with pytest.raises(BadDataError, match="covariate 'gose' tells the label without error"):
        guards.check_covariates({"age": np.roll(TARGET, 7), "gose": column}, TARGET)


def test_a_scale_that_decides_the_outcome() -> None:
    with pytest.raises(BadDataError, match="'gose' tells the label"):
        guards.check_covariates({"gose": TARGET}, (TARGET > 11).astype(float))


def test_strong_but_honest_covariates_pass() -> None:
    noisy = TARGET.copy()
    noisy[[3, 4, 12, 13]] = noisy[[4, 3, 13, 12]]
    gaps = np.where(TARGET < 4, TARGET, np.nan)
    guards.check_covariates({"age": noisy, "sex": TARGET % 2, "scanner": np.ones(20), "late": gaps}, TARGET)
    guards.check_covariates({"age": noisy}, (TARGET > 16).astype(float))


def test_the_same_image_under_two_patients() -> None:
    with pytest.raises(BadDataError, match="Patients 01 and 02 have the same image"):
        guards.check_images([{"aa", "bb"}, {"cc", "aa"}], ["01", "02"])
    guards.check_images([{"aa"}, {"aa", "bb"}], ["01", "01"])


def test_a_column_from_the_future() -> None:
    with pytest.raises(BadDataError, match=r"after the scan were asked for \(GOSE, survival\)"):
        guards.check_columns(["age", "survival", "GOSE"], {"gose", "survival"})
    guards.check_columns(["age", "sex"], {"gose"})
