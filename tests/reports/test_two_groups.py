import pytest

from bidsapp.reports.balance import check_balance
from bidsapp.reports.layout import read_layout
from bidsapp.reports.two_groups import Groups, tell_groups

RULES = read_layout().comparison


def tell(people: dict[str, dict[str, str]], query: str | None = None) -> Groups:
    return tell_groups(people, list(people), query, RULES)


@pytest.mark.parametrize("word", ["control", "Controls", "HC", "healthy_control", "Healthy-Volunteer"])
def test_controls_are_known_by_many_names(word: str) -> None:
    groups = tell({"1": {"Group": word}, "2": {"Group": "PD"}, "3": {"Group": "MSA"}})
    assert (groups.controls, groups.patients) == ({"1"}, {"2", "3"})
    assert "patients (MSA 1, PD 1)" in groups.how


def test_diagnosis_serves_where_group_names_no_controls() -> None:
    people = {"1": {"group": "A", "diagnosis": "healthy"}, "2": {"group": "B", "diagnosis": "PD"}}
    assert tell(people).patients == {"2"}


def test_nobody_becomes_a_patient_for_a_gap() -> None:
    people = {"1": {"group": "control"}, "2": {"group": "PD"}, "3": {"age": "40"}, "4": {"group": "NaN"}}
    for query in (None, "group == 'control'"):
        groups = tell(people, query)
        assert groups.patients == {"2"}
        assert "sub-3 and sub-4" in groups.notes[0]


def test_controls_alone_are_no_comparison() -> None:
    groups = tell({"1": {"group": "control"}, "2": {"group": "hc"}})
    assert not groups
    assert "all subjects are controls" in groups.how


def test_numbers_of_participants_are_compared_as_numbers() -> None:
    people = {"1": {"age": "9"}, "2": {"age": "10"}, "3": {"age": "89+"}}
    assert tell(people, "age >= 10").controls == {"2", "3"}


def people(ages: list[int], sexes: str) -> dict[str, dict[str, str]]:
    rows = zip(ages, sexes, strict=True)
    return {str(index): {"age": str(age), "sex": sex} for index, (age, sex) in enumerate(rows)}


def test_imbalance_of_age_and_sex_is_warned_of() -> None:
    table = people([70, 71, 72, 73, 74, 20, 21, 22, 23, 24], "FFFFFMMMMM")
    found = check_balance(table, "01234", "56789", RULES)
    assert found.facts[0] == "Age: median 72 (70 to 74) in patients, 22 (20 to 24) in controls " + (
        "(Mann-Whitney p = 0.008)."  # 2 of 252 arrangements
    )
    assert "5 of 5 (100%) of the patients are female, 0 of 5 (0%) of the controls" in found.facts[1]
    assert [text.split()[0] for text in found.warnings] == ["Age", "Sex"]


def test_balanced_groups_are_not_warned_of_but_unknown_ages_are() -> None:
    table = people([30, 40, 50, 60, 31, 41, 51, 61], "FMFMFMFM")
    assert check_balance(table, "0123", "4567", RULES).warnings == ()
    del table["2"]["age"]
    assert check_balance(table, "0123", "4567", RULES).warnings == ("Age is not known of 1 of 8 subjects.",)


def test_without_age_and_sex_only_that_is_said() -> None:
    found = check_balance({}, ["1"], ["2"], RULES)
    assert found.facts == ()
    assert found.warnings == ("Age is not known of 2 of 2 subjects.", "Sex is not known of 2 of 2 subjects.")
