"""A site that as good as is the label is found, however it is written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.rows import make_rows
from bidsapp.errors import BadDataError
from bidsapp.recipe import Recipe


@pytest.mark.parametrize("sites", [(1.0, 2.0), ("A", "B")])
@pytest.mark.parametrize("column", ["site", "Scanner"])
def test_a_site_that_equals_the_label_is_refused_as_a_number_and_with_a_gap(
    make_recipe: Callable[..., Recipe], sites: tuple[str | float, str | float], column: str
) -> None:
    patients = [Patient(subject=str(i), clinical={column: sites[i % 2]}) for i in range(30)]
    patients[7] = Patient(subject="7")
    labels = np.array([[3.0, 20.0][i % 2] + i % 3 / 10 for i in range(30)])
    with pytest.raises(BadDataError, match=f"The category '{column}' explains"):
        make_rows(patients, labels, "crs_r", Options.of(make_recipe()))
