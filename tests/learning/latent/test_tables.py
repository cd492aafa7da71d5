from dataclasses import replace

import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.learning.latent.merits import judge
from bidsapp.learning.latent.projections import project
from bidsapp.learning.latent.tables import merit_table, sweep_table


def test_table_has_a_row_for_each_merit_of_each_plane(sample):
    plane = project(sample.flat, "pca")
    table = merit_table(judge(sample, {"pca": plane, "mirrored": -plane}))
    names = [column.name for column in table.columns]
    assert names == ["merit", "projection", "value", "chance", "best", "meaning"]
    assert [row[1] for row in table.rows].count("mirrored") == 3
    assert len(table.rows) == 6 + 2 * 3


def test_sweep_has_a_row_for_each_setting(sample, aimless):
    table = sweep_table([("siamese", sample), ("noise", aimless)], neighbours=6)
    names = [column.name for column in table.columns]
    assert [row[0] for row in table.rows] == ["siamese", "noise"]
    place = names.index("colocation")
    assert table.rows[0][place] == 1 > table.rows[1][place]
    assert "trustworthiness_pca" in names


def test_a_column_is_described_by_a_setting_that_has_it(sample):
    zeros = np.zeros_like(sample.vectors)
    variational = replace(sample, mean=zeros, log_variance=zeros)
    table = sweep_table([("plain", sample), ("variational", variational)], neighbours=6)
    place = [column.name for column in table.columns].index("kl_posterior")
    assert [row[place] for row in table.rows] == [None, 0]
    assert "Not defined" not in table.columns[place].description


def test_settings_that_cannot_be_compared_are_refused(sample):
    with pytest.raises(BadDataError, match="at least one"):
        sweep_table([])
    with pytest.raises(BadDataError, match="same label"):
        sweep_table([("a", sample), ("a", sample)])
    with pytest.raises(BadDataError, match="b was sampled at other places or subjects than a"):
        sweep_table([("a", sample), ("b", replace(sample, places_mm=sample.places_mm + 1))])
