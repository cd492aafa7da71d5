import numpy as np
import pytest

from bidsapp.analyses.ms.change import compare
from bidsapp.analyses.ms.instances import find_instances
from bidsapp.analyses.ms.lesions import Evidence, describe_lesions
from bidsapp.analyses.ms.tables import lesion_scores, lesion_table
from bidsapp.analyses.ms.words import (
    CORD_WARNING,
    SIMULATED_ACTIVITY,
    SYNTHESIS_WARNING,
    summary,
    undrawn,
    warnings,
)

AFFINE = np.array([[-1.0, 0, 0, 20], [0, 1, 0, -5], [0, 0, 1, 3], [0, 0, 0, 1]])


@pytest.fixture
def found():
    """A lesion of 64 mm3, sure and partly active; one of 27 mm3, unsure, that is new."""
    mask = np.zeros((24, 12, 12), dtype=bool)
    mask[2:6, 2:6, 2:6] = True
    before = mask.copy()
    mask[12:15, 2:5, 2:5] = True
    labels = find_instances(mask, 1.0)
    probability = np.choose(labels, [0.0, 0.9, 0.4])
    active = np.zeros(mask.shape)
    active[2:6, 2:6, 2] = 0.8  # 16 mm3 of the first
    evidence = Evidence(lesion=probability, active=active, active_low=active / 2, active_high=active + 0.1)
    comparison = compare(labels, before, np.ones(3))
    places = ("periventricular", "juxtacortical")
    return describe_lesions(labels, AFFINE, evidence, places, comparison.changes), comparison


def test_a_lesion_is_described_in_the_subjects_space(found):
    first, second = found[0]
    assert (first.volume_mm3, first.centre, first.place) == (64.0, (16.5, -1.5, 6.5), "periventricular")
    assert (second.confidence, second.marked, second.change.kind) == (pytest.approx(0.4), True, "new")
    assert (first.marked, first.change.kind) == (False, "stable")


def test_activity_is_that_of_the_ten_cubic_millimetres_most_probably_active(found):
    first, second = found[0]
    assert first.activity.probability == pytest.approx(0.8)
    assert first.activity.interval == pytest.approx((0.4, 0.9))
    assert second.activity.probability == 0.0


def test_the_table_has_a_cell_for_each_column(found):
    table = lesion_table(*found)
    names = [column.name for column in table.columns]
    assert {len(row) for row in table.rows} == {len(names)}
    assert all(column.description for column in table.columns)
    row = dict(zip(names, table.rows[0], strict=True))
    assert (row["active"], row["change"], row["before_mm3"], row["x"]) == (True, "stable", 64.0, 16.5)
    assert table.entities == {"seg": "lesions"}


def test_columns_that_nobody_knows_are_left_out(found):
    labels = np.zeros((4, 4, 4), dtype=np.int32)
    labels[1:3, 1:3, 1:3] = 1
    lesions = describe_lesions(labels, np.eye(4), Evidence(lesion=np.ones(labels.shape)), ("deep",))
    table = lesion_table(lesions)
    assert not {"activity", "active", "change"} & {column.name for column in table.columns}
    assert len(table.rows[0]) == len(table.columns)
    assert "active_lesions" not in {score.name for score in lesion_scores(lesions, activity=False)}


def test_a_patient_without_lesions_has_no_active_one_rather_than_a_gap():
    scores = {score.name: score.value for score in lesion_scores((), activity=True)}
    assert scores["lesions"] == scores["active_lesions"] == 0


def test_scores_count_marked_lesions_and_say_what_remains_without(found):
    scores = {score.name: score for score in lesion_scores(*found, activity=True)}
    assert (scores["lesions"].value, scores["lesions"].interval) == (2.0, (1.0, 2.0))
    assert scores["lesion_load_ml"].value == pytest.approx(0.091)
    assert scores["mcdonald_regions"].value == 2.0
    assert "spinal cord" in scores["mcdonald_regions"].description
    assert (scores["active_lesions"].value, scores["new_lesions"].value) == (1.0, 1.0)
    assert scores["new_volume_ml"].value == scores["load_change_ml"].value == pytest.approx(0.027)
    assert scores["deep_lesions"].value == 0.0


def test_the_summary_says_what_was_found_and_what_it_is_for(found):
    text = summary(*found)
    for part in (
        "2 lesions, 0.09 mL in all: 1 periventricular, 1 juxtacortical.",
        "1 of them are marked",
        "lesion 1, periventricular (80%)",
        "1 new, 0 enlarged, 0 shrunk, 0 resolved; the load changed by +0.03 mL.",
        "research use only",
    ):
        assert part in text
    assert summary(()).startswith("No lesion of 3 mm3 or more was found")


def test_a_synthesised_image_is_forbidden_for_diagnosis():
    texts = warnings(synthesised=True, activity=False)
    assert texts == (SYNTHESIS_WARNING, CORD_WARNING)
    assert "must not be used for diagnosis" in SYNTHESIS_WARNING


def test_activity_that_no_patient_taught_is_said_to_be_so():
    assert SIMULATED_ACTIVITY in warnings(synthesised=False, activity=True, simulated=True)
    assert SIMULATED_ACTIVITY not in warnings(synthesised=False, activity=True, simulated=False)
    assert SIMULATED_ACTIVITY not in warnings(synthesised=False, activity=False, simulated=True)


def test_a_lesion_that_thick_slices_pass_by_is_said(found):
    """The table is measured at 1 mm; the mask has the grid of the images."""
    lesions, _ = found
    assert undrawn(lesions, [0, 1, 2]) == ()
    (said,) = undrawn(lesions, [0, 1])
    assert said.startswith("Of 2 lesions 1 fell between the slices of the images")
